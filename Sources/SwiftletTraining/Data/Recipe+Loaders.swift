import SwiftletData

extension Recipe {
  /// Shuffled, augmented batches of the training split; the last, smaller batch is left out.
  func trainingLoader(over dataset: any ImageDataset) throws -> DataLoader {
    let mixing = BatchMixing(
      mixup: training.mixup, cutmix: training.cutmix, labelSmoothing: training.labelSmoothing)
    return DataLoader(
      dataset, batchSize: training.batchSize, order: .shuffled, pipeline: try trainingPipeline,
      mixing: training.mixup + training.cutmix > 0 ? mixing : nil, dropsLast: true, seed: UInt64(training.seed),
      workers: training.workers)
  }

  /// Batches for evaluation: in order, resized and cropped in the middle, no augmentation.
  public func evaluationLoader(over dataset: any ImageDataset, batchSize: Int = 250) -> DataLoader {
    DataLoader(
      dataset, batchSize: batchSize, order: .sequential, pipeline: evaluationPipeline,
      workers: max(1, training.workers))
  }

  /// From a stored picture to the network's input, for evaluation.
  public var evaluationPipeline: ImagePipeline {
    let fit = imageFit
    var steps: [ImageTransform] =
      switch fit.resize {
      case .stretch(let size): [.resize(width: size.width, height: size.height, fit.resampling)]
      case .shorterSide(let side): [.resizeShorterSide(side, fit.resampling)]
      case .cover(let size): [.resizeToCover(width: size.width, height: size.height, fit.resampling)]
      }
    if fit.resize != .stretch(fit.size) {
      steps.append(.centreCrop(width: fit.size.width, height: fit.size.height))
    }
    return ImagePipeline(steps, normalization: normalization)
  }

  private var trainingPipeline: ImagePipeline {
    get throws {
      let augmentation = data.augmentation
      let (height, width) = (model.imageSize.height, model.imageSize.width)
      let resampling = imageFit.resampling
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
        steps, normalization: normalization,
        erasing: augmentation.erasing > 0 ? RandomErasing(probability: augmentation.erasing) : nil)
    }
  }

  private var normalization: Normalization {
    Normalization(mean: data.mean.map(Float.init), deviation: data.deviation.map(Float.init))
  }
}
