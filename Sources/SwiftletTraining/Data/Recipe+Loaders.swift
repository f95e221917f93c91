import SwiftletData
import SwiftletVision

extension Recipe {
  /// Shuffled, augmented batches of the training split; the last, smaller batch is left out.
  func trainingLoader(over dataset: any ImageDataset) throws -> ImageLoader {
    let mixing = BatchMixing(
      mixup: training.mixup, cutmix: training.cutmix, labelSmoothing: training.labelSmoothing)
    return DataLoader(
      dataset, batchSize: training.batchSize, order: .shuffled, pipeline: try trainingPipeline,
      mixing: training.mixup + training.cutmix > 0 ? mixing : nil, dropsLast: true,
      mostBatches: training.stepsPerEpoch, seed: UInt64(training.seed), workers: loop.usableWorkers)
  }

  /// Batches for evaluation: in order, resized and cropped in the middle, no augmentation.
  ///
  /// - Parameter batchSize: nil is 250, or less where training takes small batches, whose gradients need more memory.
  public func evaluationLoader(over dataset: any ImageDataset, batchSize: Int? = nil) -> ImageLoader {
    DataLoader(
      dataset, batchSize: batchSize ?? min(250, 4 * training.batchSize), order: .sequential,
      pipeline: evaluationPipeline, workers: loop.usableWorkers)
  }

  /// From a stored picture to the network's input, for evaluation.
  public var evaluationPipeline: ImagePipeline {
    ImagePipeline([.fit(preprocessing)], normalization: preprocessing.normalization)
  }

  private var trainingPipeline: ImagePipeline {
    get throws {
      let augmentation = data.augmentation
      let (height, width) = (model.imageSize.height, model.imageSize.width)
      let resampling = preprocessing.resampling
      var steps: [ImageTransform] =
        switch augmentation.crop {
        case .none: evaluationPipeline.steps
        case .padded(let pixels):
          [
            .resize(width: width, height: height, resampling),
            .randomCrop(width: width, height: height, padding: pixels),
          ]
        case .resized(let area):
          [.randomResizedCrop(RandomResizedCrop(width: width, height: height, area: area...1, resampling: resampling))]
        }
      if augmentation.flip > 0 { steps.append(.horizontalFlip(probability: augmentation.flip)) }
      if let text = augmentation.randAugment {
        var randAugment = try RandAugment(parsing: text)
        randAugment.fill = data.mean.map { UInt8((255 * $0).rounded()) }
        steps.append(.randAugment(randAugment))
      }
      let jitter = augmentation.colorJitter
      if jitter > 0 || augmentation.hueJitter > 0 {
        steps.append(
          .colourJitter(
            ColourJitter(brightness: jitter, contrast: jitter, saturation: jitter, hue: augmentation.hueJitter)))
      }
      return ImagePipeline(
        steps, normalization: preprocessing.normalization,
        erasing: augmentation.erasing > 0 ? RandomErasing(probability: augmentation.erasing) : nil)
    }
  }
}
