/// Operations that replace every sample by a table. All equal Pillow's `ImageOps` to the level.
extension Image {
  /// Each sample replaced by `table[sample]`; with `256 * channels` entries each channel has its own table.
  public func mapped(through table: [UInt8]) -> Image {
    precondition(
      table.count == 256 || table.count == 256 * channels,
      "Image.mapped: \(table.count) entries; 256 a channel expected")
    let step = table.count == 256 ? 0 : 256
    return Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        table.withUnsafeBufferPointer { table in
          for i in stride(from: 0, to: input.count, by: channels) {
            for channel in 0..<channels {
              output[i &+ channel] = table[channel &* step &+ Int(input[i &+ channel])]
            }
          }
        }
      }
    }
  }

  public func inverted() -> Image {
    mapped(through: (0..<256).map { UInt8(255 - $0) })
  }

  /// Keeps the `bits` highest bits of each sample; 0 of them leave black.
  public func posterized(bits: Int) -> Image {
    precondition((0...8).contains(bits), "Image.posterized(bits: \(bits)): 0 to 8 bits are possible")
    let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
    return mapped(through: (0..<256).map { UInt8($0) & mask })
  }

  /// Inverts the samples from `threshold` (0 to 256) on.
  public func solarized(threshold: Int) -> Image {
    mapped(through: (0..<256).map { UInt8($0 < threshold ? $0 : 255 - $0) })
  }

  /// Adds `amount` to the samples below `threshold`.
  public func solarized(adding amount: Int, below threshold: Int = 128) -> Image {
    mapped(through: (0..<256).map { UInt8($0 < threshold ? min(255, max(0, $0 + amount)) : $0) })
  }

  /// Stretches each channel so that its darkest sample becomes 0 and its brightest 255.
  public func autocontrasted() -> Image {
    mapped(
      through: histograms().flatMap { histogram -> [UInt8] in
        guard let low = histogram.firstIndex(where: { $0 > 0 }), let high = histogram.lastIndex(where: { $0 > 0 }),
          high > low
        else { return (0..<256).map { UInt8($0) } }
        let scale = 255 / Double(high - low)
        return (0..<256).map { UInt8(min(255, max(0, Double($0) * scale - Double(low) * scale))) }
      })
  }

  /// Spreads each channel's samples evenly over all levels.
  public func equalized() -> Image {
    mapped(
      through: histograms().flatMap { histogram -> [UInt8] in
        let identity = (0..<256).map { UInt8($0) }
        guard let last = histogram.last(where: { $0 > 0 }) else { return identity }
        let step = (histogram.reduce(0, +) - last) / 255
        guard step > 0 else { return identity }
        var sum = step / 2
        return histogram.map { count in
          defer { sum += count }
          return UInt8(min(255, sum / step))
        }
      })
  }

  /// How often each level occurs, per channel.
  func histograms() -> [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 256), count: channels)
    for channel in 0..<channels {
      counts[channel].withUnsafeMutableBufferPointer { counts in
        pixels.withUnsafeBufferPointer { input in
          for i in stride(from: channel, to: input.count, by: channels) { counts[Int(input[i])] &+= 1 }
        }
      }
    }
    return counts
  }
}
