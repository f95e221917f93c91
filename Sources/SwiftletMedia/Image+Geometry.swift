extension Image {
  /// The `width` x `height` pixels from (`x`, `y`) on; what lies outside the picture has the samples `fill`.
  ///
  /// - Precondition: both sides are positive.
  public func cropped(x: Int, y: Int, width cropWidth: Int, height cropHeight: Int, fill: UInt8 = 0) -> Image {
    let columns = max(0, x)..<max(0, x, min(width, x + cropWidth))
    let rows = max(0, y)..<max(0, y, min(height, y + cropHeight))
    return Image(width: cropWidth, height: cropHeight, channels: channels) { output in
      let inside = rows.count == cropHeight && columns.count == cropWidth
      if !inside { output.update(repeating: fill) }
      guard !columns.isEmpty, let target = output.baseAddress else { return }
      pixels.withUnsafeBufferPointer { input in
        guard let source = input.baseAddress else { return }
        for row in rows {
          (target + ((row - y) * cropWidth + columns.lowerBound - x) * channels).update(
            from: source + (row * width + columns.lowerBound) * channels, count: columns.count * channels)
        }
      }
    }
  }

  /// The middle `width` x `height` pixels, rounded as torchvision's `CenterCrop` does; a smaller picture is padded with black.
  public func centreCropped(width cropWidth: Int, height cropHeight: Int) -> Image {
    let corner = Self.corner(ofMiddle: cropWidth, cropHeight, in: (width, height))
    return cropped(x: corner.x, y: corner.y, width: cropWidth, height: cropHeight)
  }

  /// Where the middle `width` x `height` pixels of a picture of this size begin.
  static func corner(ofMiddle width: Int, _ height: Int, in size: (width: Int, height: Int)) -> (x: Int, y: Int) {
    // Python's round: half goes to the even side.
    let x = (Double(size.width - width) / 2).rounded(.toNearestOrEven)
    let y = (Double(size.height - height) / 2).rounded(.toNearestOrEven)
    return (Int(x), Int(y))
  }

  /// Left and right exchanged.
  public func flippedHorizontally() -> Image {
    Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        for y in 0..<height {
          let row = y &* width &* channels
          if channels == 3 {
            var from = row &+ 3 &* (width &- 1)
            var to = row
            for _ in 0..<width {
              output[to] = input[from]
              output[to &+ 1] = input[from &+ 1]
              output[to &+ 2] = input[from &+ 2]
              from &-= 3
              to &+= 3
            }
          } else {
            for x in 0..<width { output[row &+ x] = input[row &+ width &- 1 &- x] }
          }
        }
      }
    }
  }

  /// The whole picture inside `width` x `height` with its proportions kept, the rest filled evenly on both sides.
  ///
  /// The placement maps results back: a point (u, v) of the letterbox is ((u - x) / scale, (v - y) / scale) of the picture.
  public func letterboxed(
    width boxWidth: Int, height boxHeight: Int, fill: UInt8 = 114, _ resampling: Resampling = .bilinear
  ) -> (image: Image, placement: LetterboxPlacement) {
    let scale = min(Double(boxWidth) / Double(width), Double(boxHeight) / Double(height))
    let innerWidth = min(boxWidth, max(1, Int((Double(width) * scale).rounded())))
    let innerHeight = min(boxHeight, max(1, Int((Double(height) * scale).rounded())))
    let placement = LetterboxPlacement(
      scale: scale, x: (boxWidth - innerWidth) / 2, y: (boxHeight - innerHeight) / 2)
    let image = resized(width: innerWidth, height: innerHeight, resampling).cropped(
      x: -placement.x, y: -placement.y, width: boxWidth, height: boxHeight, fill: fill)
    return (image, placement)
  }
}

/// Where a letterboxed picture lies: scaled by `scale`, its corner at (`x`, `y`).
public struct LetterboxPlacement: Hashable, Sendable {
  public let scale: Double
  public let x, y: Int
}
