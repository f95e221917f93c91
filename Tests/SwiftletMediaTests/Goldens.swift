import SwiftletMedia
import TestSupport

extension GoldenBytes {
  /// A picture stored as `[height, width, channels]` or `[height, width]`.
  func image(_ name: String) throws -> Image {
    let array = try self[name]
    return Image(
      width: array.shape[1], height: array.shape[0], channels: array.shape.count == 2 ? 1 : array.shape[2],
      pixels: array.bytes)
  }
}

/// The largest difference of two pictures' samples; nil where their sizes differ.
func largestDifference(_ a: Image, _ b: Image) -> Int? {
  guard (a.width, a.height, a.channels) == (b.width, b.height, b.channels) else { return nil }
  return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max()
}

/// A picture of random samples.
func randomImage(width: Int, height: Int, channels: Int = 3, seed: UInt64) -> Image {
  var state = seed
  return Image(
    width: width, height: height, channels: channels,
    pixels: (0..<width * height * channels).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    })
}

/// Oracle files: what Pillow 13 reads and computes; tools/goldens/images.py writes them.
let formats = Result { try GoldenBytes("formats") }
let operations = Result { try GoldenBytes("operations") }
let variants = Result { try GoldenBytes("variants") }
let decoderIsThere = ImageDecoder.isAvailable
