import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime
import SwiftletVision

/// One step from a stored picture to a network's input, on 8-bit samples. What is random draws from the sample's own stream.
public enum ImageTransform: Hashable, Sendable {
  /// To a network's size, as in deployment.
  case fit(Graph.Preprocessing)
  /// Both sides, whatever the proportions.
  case resize(width: Int, height: Int, Resampling = .bicubic)
  case resizeShorterSide(Int, Resampling = .bicubic)
  /// As small as covers both sides, with the proportions kept.
  case resizeToCover(width: Int, height: Int, Resampling = .bicubic)
  case centreCrop(width: Int, height: Int)
  /// Pads with black on every side, then takes a window of `size` x `size` anywhere.
  case randomCrop(width: Int, height: Int, padding: Int)
  case horizontalFlip(probability: Double = 0.5)
  case randomResizedCrop(RandomResizedCrop)
  case randAugment(RandAugment)
  case colourJitter(ColourJitter)

  /// A random square.
  public static func randomCrop(size: Int, padding: Int) -> ImageTransform {
    .randomCrop(width: size, height: size, padding: padding)
  }

  /// The picture after this step and a crop of its middle as the next one, to the bit; nil for other pairs.
  func applied(to image: Image, before next: ImageTransform) -> Image? {
    guard case .centreCrop(let width, let height) = next else { return nil }
    return switch self {
    case .resizeShorterSide(let side, let resampling):
      image.resizedAndCentreCropped(shorterSide: side, width: width, height: height, resampling)
    case .resizeToCover(let coverWidth, let coverHeight, let resampling):
      image.resizedAndCentreCropped(
        toCover: coverWidth, by: coverHeight, width: width, height: height, resampling)
    default: nil
    }
  }

  /// The picture after this step.
  public func applied(to image: Image, using random: inout RandomStream) -> Image {
    switch self {
    case .fit(let preprocessing):
      return preprocessing.fitted(image)
    case .resize(let width, let height, let resampling):
      return image.width == width && image.height == height
        ? image : image.resized(width: width, height: height, resampling)
    case .resizeShorterSide(let side, let resampling):
      return image.resized(shorterSide: side, resampling)
    case .resizeToCover(let width, let height, let resampling):
      return image.resized(toCover: width, by: height, resampling)
    case .centreCrop(let width, let height):
      return image.centreCropped(width: width, height: height)
    case .randomCrop(let width, let height, let padding):
      let spaceX = image.width + 2 * padding - width
      let spaceY = image.height + 2 * padding - height
      precondition(
        spaceX >= 0 && spaceY >= 0,
        "randomCrop(width: \(width), height: \(height), padding: \(padding)): the picture has \(image.width) x "
          + "\(image.height) pixels; resize it first"
      )
      let x = random.index(below: spaceX + 1) - padding
      let y = random.index(below: spaceY + 1) - padding
      return x == 0 && y == 0 && width == image.width && height == image.height
        ? image : image.cropped(x: x, y: y, width: width, height: height)
    case .horizontalFlip(let probability):
      return random.chance(probability) ? image.flippedHorizontally() : image
    case .randomResizedCrop(let crop):
      return crop.applied(to: image, using: &random)
    case .randAugment(let augment):
      return augment.applied(to: image, using: &random)
    case .colourJitter(let jitter):
      return jitter.applied(to: image, using: &random)
    }
  }
}
