import SwiftletMedia

extension Graph.Preprocessing {
  /// The network's input for an image: `[channels, height, width]`, channels red, green, blue or grey
  /// alone, normalised.
  ///
  /// A grey image gets three equal channels where there are three, a coloured one becomes grey where there is one. Resizing and cropping round as torchvision's transforms do.
  public func apply(to image: Image) -> [Float] {
    [Float](unsafeUninitializedCapacity: channels * height * width) { pixels, initializedCount in
      write(image, to: UnsafeMutableBufferPointer(rebasing: pixels[..<(channels * height * width)]))
      initializedCount = channels * height * width
    }
  }

  /// The network's input for several images: `[images, channels, height, width]`.
  public func apply(to images: [Image]) -> NDArray {
    let size = channels * height * width
    let pixels = [Float](unsafeUninitializedCapacity: images.count * size) { pixels, initializedCount in
      for (i, image) in images.enumerated() {
        write(image, to: UnsafeMutableBufferPointer(rebasing: pixels[(i * size)..<((i + 1) * size)]))
      }
      initializedCount = images.count * size
    }
    return NDArray(pixels, shape: [images.count, channels, height, width])
  }

  /// The image at the network's size, before normalisation.
  func fitted(_ image: Image) -> Image {
    let converted = image.converted(toChannels: channels)
    let resampling: Resampling =
      switch interpolation {
      case .bilinear: .bilinear
      case .bicubic: .bicubic
      }
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

  private func write(_ image: Image, to output: UnsafeMutableBufferPointer<Float>) {
    let fitted = fitted(image)
    let plane = height * width
    for channel in 0..<channels {
      // byte / 255, then minus mean, then by deviation: a table, so that each step rounds as it does in training.
      let table = (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
      fitted.pixels.withUnsafeBufferPointer { bytes in
        for i in 0..<plane { output[channel * plane + i] = table[Int(bytes[channels * i + channel])] }
      }
    }
  }
}
