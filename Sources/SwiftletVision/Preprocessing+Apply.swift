import SwiftletMedia
import SwiftletRuntime

/// From a picture to the network's input: the one way, of training's evaluation and of deployment.
extension Graph.Preprocessing {
  /// The network's input for an image: `[channels, height, width]`, channels red, green, blue or grey
  /// alone, normalised.
  ///
  /// A grey image gets three equal channels where there are three, a coloured one becomes grey where there is one. Resizing and cropping round as torchvision's transforms do.
  public func apply(to image: Image) -> [Float] {
    [Float](unsafeUninitializedCapacity: inputCount) { pixels, initializedCount in
      write(image, through: normalization.table, to: UnsafeMutableBufferPointer(rebasing: pixels[..<inputCount]))
      initializedCount = inputCount
    }
  }

  /// The network's input for several images: `[images, channels, height, width]`.
  public func apply(to images: [Image]) -> NDArray {
    let table = normalization.table
    let pixels = [Float](unsafeUninitializedCapacity: images.count * inputCount) { pixels, initializedCount in
      for (i, image) in images.enumerated() {
        write(
          image, through: table,
          to: UnsafeMutableBufferPointer(rebasing: pixels[(i * inputCount)..<((i + 1) * inputCount)]))
      }
      initializedCount = images.count * inputCount
    }
    return NDArray(pixels, shape: [images.count, channels, height, width])
  }

  /// The image at the network's size, before normalisation.
  public func fitted(_ image: Image) -> Image {
    let converted = image.converted(toChannels: channels)
    switch resize {
    case .stretch: return converted.resized(width: width, height: height, resampling)
    case .shortestSide(let side):
      return converted.resizedAndCentreCropped(shorterSide: side, width: width, height: height, resampling)
    case .stretchTo(let height, let width):
      return converted.resized(width: width, height: height, resampling)
        .centreCropped(width: self.width, height: self.height)
    case .cover(let height, let width):
      return converted.resizedAndCentreCropped(
        toCover: width, by: height, width: self.width, height: self.height, resampling)
    }
  }

  /// What becomes of the samples of an image of the network's size.
  public var normalization: Normalization { Normalization(mean: mean, deviation: deviation) }

  /// The filter that resizes pictures.
  public var resampling: Resampling {
    switch interpolation {
    case .bilinear: .bilinear
    case .bicubic: .bicubic
    }
  }

  private var inputCount: Int { channels * height * width }

  private func write(_ image: Image, through table: [Float], to output: UnsafeMutableBufferPointer<Float>) {
    writePlanes(of: fitted(image), through: table, to: output)
  }
}
