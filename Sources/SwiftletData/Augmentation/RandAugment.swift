import SwiftletFiles
import SwiftletMedia

/// RandAugment as timm applies it to DeiT: `rand-m9-mstd0.5-inc1`.
///
/// Each of `layers` operations is drawn from fifteen, with replacement, and applied with `probability`, at a strength drawn around `magnitude` (0 to
/// 10). All operations grow with the strength (timm's "increasing" set).
///
/// Source: Cubuk et al., "RandAugment" (2020), with the ranges of timm 1.0's `auto_augment.py`.
public struct RandAugment: Hashable, Sendable {
  public var layers: Int
  public var magnitude, deviation, probability: Double
  /// The colour of what a shift or a turn uncovers; timm takes the data's mean.
  public var fill: [UInt8]
  public var resampling: Resampling

  /// - Precondition: `magnitude` is in `0...10` and `probability` in `0...1`; `fill` has three components.
  public init(
    layers: Int = 2, magnitude: Double = 9, deviation: Double = 0.5, probability: Double = 0.5,
    fill: [UInt8] = [124, 116, 104], resampling: Resampling = .bicubic
  ) {
    precondition(
      layers >= 0 && (0...10).contains(magnitude) && deviation >= 0 && (0...1).contains(probability) && fill.count == 3,
      "RandAugment: magnitude \(magnitude) of 0...10, probability \(probability) of 0...1, \(fill.count) of 3 fill components"
    )
    (self.layers, self.magnitude, self.deviation, self.probability) = (layers, magnitude, deviation, probability)
    (self.fill, self.resampling) = (fill, resampling)
  }

  /// Reads timm's notation, such as `rand-m9-mstd0.5-inc1` or `rand-n3-m7-p0.8-inc1`.
  public init(parsing text: String) throws(DataError) {
    self.init(deviation: 0)
    let parts = text.split(separator: "-")
    guard parts.first == "rand", parts.contains("inc1") else {
      throw DataError(.request, "\(text) is no RandAugment setting; expected one such as rand-m9-mstd0.5-inc1")
    }
    for part in parts.dropFirst() where part != "inc1" {
      let name = part.prefix { $0.isLetter }
      let value = Double(part.dropFirst(name.count))
      switch (name, value) {
      case ("m", .some(let value)) where (0...10).contains(value): magnitude = value
      case ("mstd", .some(let value)) where value >= 0 && value.isFinite: deviation = value
      case ("p", .some(let value)) where (0...1).contains(value): probability = value
      case ("n", .some(let value)) where value >= 0 && value <= 15: layers = Int(value)
      default: throw DataError(.request, "\(text): \(part) is not understood; m0...10, mstd, p0...1, n and inc1 are")
      }
    }
  }

  enum Operation: CaseIterable {
    case autocontrast, equalize, invert, rotate, posterize, solarize, solarizeAdd, saturation, contrast, brightness,
      sharpness, shearX, shearY, translateX, translateY
  }

  func applied(to image: Image, using random: inout RandomStream) -> Image {
    var image = image
    for _ in 0..<layers {
      let operation = Operation.allCases[random.index(below: Operation.allCases.count)]
      guard random.chance(probability) else { continue }
      let strength = min(10, max(0, magnitude + deviation * random.normal())) / 10
      image = apply(operation, to: image, strength: strength, sign: random.chance(0.5) ? -1 : 1)
    }
    return image
  }

  /// One operation at a strength of 0 to 1, to the side of `sign` where it has two.
  func apply(_ operation: Operation, to image: Image, strength: Double, sign: Double) -> Image {
    let factor = Float(max(0.1, 1 + sign * 0.9 * strength))
    func moved(_ map: AffineMap) -> Image {
      image.transformed(by: map, resampling, fill: Array(fill.prefix(image.channels)))
    }
    return switch operation {
    case .autocontrast: image.autocontrasted()
    case .equalize: image.equalized()
    case .invert: image.inverted()
    case .rotate:
      moved(.rotation(degrees: sign * 30 * strength, width: image.width, height: image.height))
    case .posterize: image.posterized(bits: 4 - Int(strength * 4))
    case .solarize: image.solarized(threshold: 256 - min(256, Int(strength * 256)))
    case .solarizeAdd: image.solarized(adding: min(128, Int(strength * 110)))
    case .saturation: image.saturation(factor)
    case .contrast: image.contrast(factor)
    case .brightness: image.brightness(factor)
    case .sharpness: image.sharpness(factor)
    case .shearX: moved(AffineMap(b: sign * 0.3 * strength))
    case .shearY: moved(AffineMap(d: sign * 0.3 * strength))
    case .translateX: moved(AffineMap(c: sign * 0.45 * strength * Double(image.width)))
    case .translateY: moved(AffineMap(f: sign * 0.45 * strength * Double(image.height)))
    }
  }
}
