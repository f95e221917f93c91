import SwiftletMedia

extension Graph.Preprocessing {
  /// The network's input for an image: `[3, height, width]`, channels red, green, blue, normalised.
  ///
  /// A grey image gets three equal channels. Resizing and cropping round as torchvision's transforms do.
  public func apply(to image: Image) -> [Float] {
    [Float](unsafeUninitializedCapacity: 3 * height * width) { pixels, initializedCount in
      write(image, to: UnsafeMutableBufferPointer(rebasing: pixels[..<(3 * height * width)]))
      initializedCount = 3 * height * width
    }
  }

  /// The network's input for several images: `[images, 3, height, width]`.
  public func apply(to images: [Image]) -> NDArray {
    let size = 3 * height * width
    let pixels = [Float](unsafeUninitializedCapacity: images.count * size) { pixels, initializedCount in
      for (i, image) in images.enumerated() {
        write(image, to: UnsafeMutableBufferPointer(rebasing: pixels[(i * size)..<((i + 1) * size)]))
      }
      initializedCount = images.count * size
    }
    return NDArray(pixels, shape: [images.count, 3, height, width])
  }

  /// The image at the network's size, before normalisation.
  func fitted(_ image: Image) -> Image {
    let colour = image.converted(toChannels: 3)
    let resampling: Resampling =
      switch interpolation {
      case .bilinear: .bilinear
      case .bicubic: .bicubic
      }
    switch resize {
    case .stretch: return colour.resized(width: width, height: height, resampling)
    case .shortestSide(let side):
      return colour.resizedAndCentreCropped(shorterSide: side, width: width, height: height, resampling)
    }
  }

  private func write(_ image: Image, to output: UnsafeMutableBufferPointer<Float>) {
    let fitted = fitted(image)
    let plane = height * width
    for channel in 0..<3 {
      // byte / 255, then minus mean, then by deviation: a table, so that each step rounds as it does in training.
      let table = (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
      fitted.pixels.withUnsafeBufferPointer { bytes in
        for i in 0..<plane { output[channel * plane + i] = table[Int(bytes[3 * i + channel])] }
      }
    }
  }
}
