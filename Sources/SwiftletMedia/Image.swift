/// A picture: rows from the top, 8-bit samples, interleaved RGB (3 channels) or grey (1 channel).
public struct Image: Hashable, Sendable {
  public let width, height, channels: Int
  /// `height * width * channels` samples, row by row.
  public var pixels: [UInt8]

  /// - Precondition: `channels` is 1 or 3, and `pixels` holds `height * width * channels` samples of at least one pixel.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(channels == 1 || channels == 3, "Image: \(channels) channels; a picture has 1 (grey) or 3 (RGB)")
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * channels,
      "Image: \(pixels.count) samples do not make \(width) x \(height) pixels of \(channels) channels")
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }

  /// A picture of one colour: as many components as it has channels.
  public init(width: Int, height: Int, colour: [UInt8]) {
    var pixels = [UInt8]()
    pixels.reserveCapacity(width * height * colour.count)
    for _ in 0..<width * height { pixels += colour }
    self.init(width: width, height: height, channels: colour.count, pixels: pixels)
  }

  /// A picture whose samples `fill` writes, all of them.
  public init<Failure: Error>(
    width: Int, height: Int, channels: Int, fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    let count = width * height * channels
    var failure: Failure?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      do throws(Failure) {
        try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        written = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }

  public subscript(x: Int, y: Int, channel: Int) -> UInt8 {
    get { pixels[(y * width + x) * channels + channel] }
    set { pixels[(y * width + x) * channels + channel] = newValue }
  }

  /// The same picture with three channels (grey repeated) or one (ITU-R BT.601 luma, rounded as Pillow rounds it).
  public func converted(toChannels wanted: Int) -> Image {
    if wanted == channels { return self }
    return Image(width: width, height: height, channels: wanted) { output in
      pixels.withUnsafeBufferPointer { input in
        if wanted == 3 {
          for i in 0..<input.count {
            let value = input[i]
            (output[3 * i], output[3 * i + 1], output[3 * i + 2]) = (value, value, value)
          }
        } else {
          for i in 0..<output.count { output[i] = luma(input[3 * i], input[3 * i + 1], input[3 * i + 2]) }
        }
      }
    }
  }
}

/// ITU-R BT.601 luma in 16-bit fixed point, as Pillow computes it.
@inlinable public func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  UInt8(truncatingIfNeeded: (19595 &* UInt32(red) &+ 38470 &* UInt32(green) &+ 7471 &* UInt32(blue) &+ 0x8000) >> 16)
}
