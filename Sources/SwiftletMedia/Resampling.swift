/// How a picture is resized. Both widen with the reduction factor (antialiasing), as Pillow and torchvision do.
public enum Resampling: String, Hashable, Sendable, Codable, CaseIterable {
  case bilinear
  /// Keys' cubic with a = -1/2.
  case bicubic

  /// Half the filter's width, in source pixels at scale 1.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear:
      return max(0, 1 - x)
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}

/// The weights of one direction: output sample `i` is the sum of `taps[i]` inputs from `starts[i]` on.
struct ResamplingWeights {
  /// Fixed-point bits: 8 for the sample, 2 for the overshoot of the cubic, as in Pillow.
  static let fractionBits: Int32 = 32 - 8 - 2

  let tapLimit: Int
  var starts: [Int] = []
  var taps: [Int] = []
  /// `tapLimit` weights for each output.
  var weights: [Int32] = []

  /// From `source` (a range of the input's coordinates) to `outputs` samples.
  init(_ resampling: Resampling, inputs: Int, source: Range<Double>, outputs: Int) {
    let scale = (source.upperBound - source.lowerBound) / Double(outputs)
    let stretch = max(scale, 1)
    let support = resampling.support * stretch
    tapLimit = Int(support.rounded(.up)) * 2 + 1
    weights = [Int32](repeating: 0, count: outputs * tapLimit)
    var exact = [Double](repeating: 0, count: tapLimit)
    for output in 0..<outputs {
      let centre = source.lowerBound + (Double(output) + 0.5) * scale
      let start = max(0, Int(centre - support + 0.5))
      let end = min(inputs, max(start + 1, Int(centre + support + 0.5)))
      let count = end - start
      var sum = 0.0
      for tap in 0..<count {
        exact[tap] = resampling.weight(at: (Double(start + tap) - centre + 0.5) / stretch)
        sum += exact[tap]
      }
      for tap in 0..<count {
        let weight = sum == 0 ? 0 : exact[tap] / sum
        weights[output * tapLimit + tap] = Int32((weight * Double(1 << Self.fractionBits)).rounded())
      }
      starts.append(start)
      taps.append(count)
    }
  }
}

extension Image {
  /// The picture at another size. Rows are resized first and rounded to 8 bits, then columns, which makes the result Pillow's to the level.
  ///
  /// - Precondition: both sides are positive.
  public func resized(width: Int, height: Int, _ resampling: Resampling = .bilinear) -> Image {
    resized(
      from: Box(x: 0, y: 0, width: Double(self.width), height: Double(self.height)), width: width, height: height,
      resampling)
  }

  /// The shorter side becomes `side`, the other keeps the proportions (rounded down, as torchvision's `Resize` does).
  public func resized(shorterSide side: Int, _ resampling: Resampling = .bilinear) -> Image {
    width <= height
      ? resized(width: side, height: max(1, side * height / width), resampling)
      : resized(width: max(1, side * width / height), height: side, resampling)
  }

  /// The smallest size with these proportions that covers `width` x `height`, rounded as timm's `ResizeKeepRatio` does.
  public func resized(toCover width: Int, by height: Int, _ resampling: Resampling = .bilinear) -> Image {
    let ratio = min(Double(self.width) / Double(width), Double(self.height) / Double(height))
    func side(_ own: Int) -> Int { max(1, Int((Double(own) / ratio).rounded(.toNearestOrEven))) }
    return resized(width: side(self.width), height: side(self.height), resampling)
  }

  /// The part of the picture inside `box`, at another size. Pixels outside the box but under the filter contribute, as in Pillow's `resize(box=)`.
  ///
  /// - Precondition: `box` lies in the picture, and both sides are positive.
  public func resized(from box: Box, width: Int, height: Int, _ resampling: Resampling = .bilinear) -> Image {
    precondition(width > 0 && height > 0, "Image.resized: \(width) x \(height) pixels; both sides are 1 or more")
    precondition(
      box.width > 0 && box.height > 0 && box.x >= 0 && box.y >= 0 && box.x + box.width <= Double(self.width)
        && box.y + box.height <= Double(self.height),
      "Image.resized: \(box) does not lie in a picture of \(self.width) x \(self.height)")
    var image = self
    if width != image.width || box.x != 0 || box.width != Double(image.width) {
      image = image.resizedRows(
        ResamplingWeights(resampling, inputs: image.width, source: box.x..<box.x + box.width, outputs: width),
        width: width)
    }
    if height != image.height || box.y != 0 || box.height != Double(image.height) {
      image = image.resizedColumns(
        ResamplingWeights(resampling, inputs: image.height, source: box.y..<box.y + box.height, outputs: height),
        height: height)
    }
    return image
  }

  private func resizedRows(_ filter: ResamplingWeights, width outputWidth: Int) -> Image {
    let half: Int32 = 1 << (ResamplingWeights.fractionBits - 1)
    return Image(width: outputWidth, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        filter.weights.withUnsafeBufferPointer { weights in
          for y in 0..<height {
            var outputIndex = y &* outputWidth &* channels
            for x in 0..<outputWidth {
              var index = (y &* width &+ filter.starts[x]) &* channels
              let firstWeight = x &* filter.tapLimit
              let endWeight = firstWeight &+ filter.taps[x]
              if channels == 3 {
                var (red, green, blue) = (half, half, half)
                for i in firstWeight..<endWeight {
                  let weight = weights[i]
                  red &+= Int32(input[index]) &* weight
                  green &+= Int32(input[index &+ 1]) &* weight
                  blue &+= Int32(input[index &+ 2]) &* weight
                  index &+= 3
                }
                output[outputIndex] = clampedFraction(red)
                output[outputIndex &+ 1] = clampedFraction(green)
                output[outputIndex &+ 2] = clampedFraction(blue)
              } else {
                var sum = half
                for i in firstWeight..<endWeight {
                  sum &+= Int32(input[index]) &* weights[i]
                  index &+= 1
                }
                output[outputIndex] = clampedFraction(sum)
              }
              outputIndex &+= channels
            }
          }
        }
      }
    }
  }

  private func resizedColumns(_ filter: ResamplingWeights, height outputHeight: Int) -> Image {
    let row = width * channels
    return Image(width: width, height: outputHeight, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        filter.weights.withUnsafeBufferPointer { weights in
          withUnsafeTemporaryAllocation(of: Int32.self, capacity: row) { sums in
            for y in 0..<outputHeight {
              sums.update(repeating: 1 << (ResamplingWeights.fractionBits - 1))
              for tap in 0..<filter.taps[y] {
                let weight = weights[y &* filter.tapLimit &+ tap]
                let inputBase = (filter.starts[y] &+ tap) &* row
                for i in 0..<row { sums[i] &+= Int32(input[inputBase &+ i]) &* weight }
              }
              for i in 0..<row { output[y &* row &+ i] = clampedFraction(sums[i]) }
            }
          }
        }
      }
    }
  }
}

/// A fixed-point sum as a sample.
@inline(__always) private func clampedFraction(_ sum: Int32) -> UInt8 {
  UInt8(truncatingIfNeeded: min(255, max(0, sum >> ResamplingWeights.fractionBits)))
}
