import SwiftletMedia
import SwiftletModels

/// How a picture of any size becomes one of the network's: resized, then its middle cropped.
public struct ImageFit: Hashable, Sendable {
  public enum Resize: Hashable, Sendable {
    /// To this size, whatever the proportions.
    case stretch(ImageSize)
    /// The shorter side gets this length.
    case shorterSide(Int)
    /// As small as covers this size, with the proportions kept.
    case cover(ImageSize)
  }

  public let resize: Resize
  /// The network's.
  public let size: ImageSize
  public let resampling: Resampling
}

extension Recipe {
  /// How a picture becomes the network's input, in evaluation here and in the runtime.
  public var imageFit: ImageFit {
    let size = model.imageSize
    // 224 of 256 pixels, as the field evaluates on ImageNet; pictures that are small or no squares are taken whole.
    let isTakenWhole = size.height < 96 || !size.isSquare
    let fit = data.fit ?? (isTakenWhole && data.cropShare == nil ? .stretch : .crop)
    let share = data.cropShare ?? (data.fit == nil && !isTakenWhole ? 0.875 : 1)
    // Rounded down, as timm does.
    let scaled = ImageSize(height: Int(Double(size.height) / share), width: Int(Double(size.width) / share))
    let resize: ImageFit.Resize =
      switch fit {
      case .stretch: .stretch(scaled)
      case .crop: size.isSquare ? .shorterSide(scaled.height) : .cover(scaled)
      }
    return ImageFit(
      resize: resize, size: size, resampling: data.interpolation == .bilinear ? .bilinear : .bicubic)
  }
}
