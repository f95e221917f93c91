/// Operations that move a picture towards or away from a duller one: factor 0 is the dull one, 1 the picture itself, more exaggerates. All equal
/// Pillow's `ImageEnhance` to a level.
extension Image {
  /// Away from black.
  public func brightness(_ factor: Float) -> Image {
    mapped(through: (0..<256).map { blended(0, UInt8($0), factor) })
  }

  /// Away from the mean grey.
  public func contrast(_ factor: Float) -> Image {
    let grey = converted(toChannels: 1)
    let mean = Double(grey.pixels.reduce(0) { $0 + Int($1) }) / Double(grey.pixels.count)
    let level = UInt8(mean + 0.5)
    return mapped(through: (0..<256).map { blended(level, UInt8($0), factor) })
  }

  /// Away from the same picture in grey.
  public func saturation(_ factor: Float) -> Image {
    guard channels == 3 else { return self }
    return Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        for i in stride(from: 0, to: input.count, by: 3) {
          let grey = luma(input[i], input[i &+ 1], input[i &+ 2])
          for channel in 0..<3 { output[i &+ channel] = blended(grey, input[i &+ channel], factor) }
        }
      }
    }
  }

  /// Away from the same picture smoothed: the neighbours weigh 1 and the middle 5. The outermost pixels stay.
  public func sharpness(_ factor: Float) -> Image {
    let row = width * channels
    return Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        for i in 0..<input.count {
          let y = i / row
          let x = i % row
          guard y > 0, y < height - 1, x >= channels, x < row - channels else {
            output[i] = input[i]
            continue
          }
          var sum = 5 * Int32(input[i])
          for line in [i &- row, i, i &+ row] {
            sum &+= Int32(input[line &- channels]) &+ Int32(input[line &+ channels])
            if line != i { sum &+= Int32(input[line]) }
          }
          let smooth = UInt8(truncatingIfNeeded: (2 &* sum &+ 13) / 26)
          output[i] = blended(smooth, input[i], factor)
        }
      }
    }
  }
}

/// `dull + factor * (sample - dull)`, cut to a sample; Pillow drops the fraction.
@inline(__always) private func blended(_ dull: UInt8, _ sample: UInt8, _ factor: Float) -> UInt8 {
  UInt8(min(255, max(0, Float(dull) + factor * Float(Int32(sample) - Int32(dull)))))
}
