import Foundation

/// Where an output pixel's middle comes from: `(a x + b y + c, d x + e y + f)` of the source.
public struct AffineMap: Hashable, Sendable {
  public var a, b, c, d, e, f: Double

  public init(a: Double = 1, b: Double = 0, c: Double = 0, d: Double = 0, e: Double = 1, f: Double = 0) {
    (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
  }

  /// A turn by `degrees` counter-clockwise around the middle of `width` x `height` pixels.
  public static func rotation(degrees: Double, width: Int, height: Int) -> AffineMap {
    let angle = -degrees * .pi / 180
    var map = AffineMap(a: cos(angle), b: sin(angle), d: -sin(angle), e: cos(angle))
    let x = Double(width) / 2
    let y = Double(height) / 2
    map.c = x - map.a * x - map.b * y
    map.f = y - map.d * x - map.e * y
    return map
  }
}

extension Image {
  /// The picture moved by `map`, at its own size; what comes from outside has the colour `fill`, one component a channel.
  ///
  /// Equals Pillow's `transform(AFFINE)` to a level, whose cubic has a = -1 here, unlike in its `resize`.
  public func transformed(by map: AffineMap, _ resampling: Resampling = .bilinear, fill: [UInt8]) -> Image {
    precondition(fill.count == channels, "Image.transformed: \(fill.count) fill components for \(channels) channels")
    let columns = resampling == .bilinear ? 2 : 4
    return Image(width: width, height: height, channels: channels) { output in
      pixels.withUnsafeBufferPointer { input in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: columns) { offsets in
          withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * columns) { weights in
            for y in 0..<height {
              for x in 0..<width {
                let u = map.a * (Double(x) + 0.5) + map.b * (Double(y) + 0.5) + map.c
                let v = map.d * (Double(x) + 0.5) + map.e * (Double(y) + 0.5) + map.f
                let target = (y &* width &+ x) &* channels
                guard u >= 0, v >= 0, u < Double(width), v < Double(height) else {
                  for channel in 0..<channels { output[target &+ channel] = fill[channel] }
                  continue
                }
                let left = (u - 0.5).rounded(.down)
                let top = (v - 0.5).rounded(.down)
                setWeights(weights.baseAddress, u - 0.5 - left, resampling)
                setWeights(weights.baseAddress.map { $0 + columns }, v - 0.5 - top, resampling)
                let firstColumn = Int(left) - (columns / 2 - 1)
                let firstRow = Int(top) - (columns / 2 - 1)
                for i in 0..<columns { offsets[i] = min(width - 1, max(0, firstColumn + i)) &* channels }
                for channel in 0..<channels {
                  var sum = 0.0
                  for row in 0..<columns {
                    let line = min(height - 1, max(0, firstRow + row)) &* width &* channels &+ channel
                    var part = 0.0
                    for i in 0..<columns { part += weights[i] * Double(input[line &+ offsets[i]]) }
                    sum += weights[columns + row] * part
                  }
                  output[target &+ channel] = UInt8(min(255, max(0, sum + 1e-9)))
                }
              }
            }
          }
        }
      }
    }
  }
}

/// The weights of 2 or 4 neighbours at `distance` behind the middle one.
@inline(__always) private func setWeights(
  _ weights: UnsafeMutablePointer<Double>?, _ distance: Double, _ resampling: Resampling
) {
  guard let weights else { return }
  let d = distance
  switch resampling {
  case .bilinear:
    (weights[0], weights[1]) = (1 - d, d)
  case .bicubic:
    weights[0] = d * (-1 + d * (2 - d))
    weights[1] = 1 + d * d * (d - 2)
    weights[2] = d * (1 + d * (1 - d))
    weights[3] = d * d * (d - 1)
  }
}
