import SwiftletData

extension Recipe {
  /// Shuffled, augmented batches of the training split; the last, smaller batch is left out.
  func trainingLoader(over dataset: any ImageDataset) -> DataLoader {
    DataLoader(
      dataset, batchSize: training.batchSize, order: .shuffled, pipeline: trainingPipeline, dropsLast: true,
      seed: UInt64(training.seed), workers: training.workers)
  }

  /// Batches for evaluation: in order, resized and cropped in the middle, no augmentation.
  public func evaluationLoader(over dataset: any ImageDataset, batchSize: Int = 250) -> DataLoader {
    DataLoader(
      dataset, batchSize: batchSize, order: .sequential, pipeline: evaluationPipeline,
      workers: max(1, training.workers))
  }

  /// From a stored picture to the network's input, for evaluation.
  public var evaluationPipeline: ImagePipeline {
    // 224 of 256 pixels, as the field evaluates on ImageNet; small pictures are taken whole.
    let side = model.imageSize
    let steps: [ImageTransform] =
      side < 96
      ? [.resize(width: side, height: side)]
      : [.resizeShorterSide(side * 8 / 7), .centreCrop(width: side, height: side)]
    return ImagePipeline(steps, normalization: normalization)
  }

  private var trainingPipeline: ImagePipeline {
    let side = model.imageSize
    var steps: [ImageTransform] =
      switch data.augmentation.crop {
      case .none: evaluationPipeline.steps
      case .padded(let pixels): [.resize(width: side, height: side), .randomCrop(size: side, padding: pixels)]
      case .resized: evaluationPipeline.steps
      }
    if data.augmentation.flip > 0 { steps.append(.horizontalFlip(probability: data.augmentation.flip)) }
    return ImagePipeline(steps, normalization: normalization)
  }

  private var normalization: Normalization {
    Normalization(mean: data.mean.map(Float.init), deviation: data.deviation.map(Float.init))
  }
}
