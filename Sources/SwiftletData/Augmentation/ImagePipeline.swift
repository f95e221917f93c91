import SwiftletFiles
import SwiftletMedia
import SwiftletVision

/// From a stored picture to a network's input: steps on the picture, normalisation, and erasing.
public struct ImagePipeline: Hashable, Sendable {
  public var steps: [ImageTransform]
  public var normalization: Normalization
  public var erasing: RandomErasing?

  public init(_ steps: [ImageTransform], normalization: Normalization, erasing: RandomErasing? = nil) {
    (self.steps, self.normalization, self.erasing) = (steps, normalization, erasing)
  }

  /// The picture after all steps.
  public func applied(to image: Image, using random: inout RandomStream) -> Image {
    var image = image
    var index = 0
    while index < steps.count {
      // A resize and the crop behind it in one, so that nothing is made to be cut off.
      if index + 1 < steps.count, let cropped = steps[index].applied(to: image, before: steps[index + 1]) {
        image = cropped
        index += 2
      } else {
        image = steps[index].applied(to: image, using: &random)
        index += 1
      }
    }
    return image
  }

  /// A network's input `[channels, height, width]` for a picture; what is random draws from `random`.
  public func input(of image: Image, using random: inout RandomStream) -> [Float] {
    let image = applied(to: image.converted(toChannels: normalization.channels), using: &random)
    let count = image.width * image.height * image.channels
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      let input = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      writePlanes(of: image, through: normalization.table, to: input)
      erasing?.apply(
        to: input, channels: image.channels, height: image.height, width: image.width, using: &random)
      initialized = count
    }
  }

  /// How a network is judged: the shorter side becomes `size / cropShare`, of which the middle is cut out.
  public static func evaluation(
    size: Int, cropShare: Double = 1, resampling: Resampling = .bicubic, normalization: Normalization
  ) -> ImagePipeline {
    precondition(
      (0.1...1).contains(cropShare), "ImagePipeline.evaluation: cropShare is \(cropShare); 0.1 to 1 are possible")
    return ImagePipeline(
      [.resizeShorterSide(Int(Double(size) / cropShare), resampling), .centreCrop(width: size, height: size)],
      normalization: normalization)
  }
}
