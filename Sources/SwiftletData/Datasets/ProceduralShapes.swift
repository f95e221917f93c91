import Foundation
import SwiftletFiles
import SwiftletMedia

/// Drawn pictures of ten shapes, for demonstrations and tests without a download. They are synthetic, and results on them say so.
///
/// Each has one bright shape somewhere near the middle, turned by up to half a radian, on a dark gradient with lines and specks, under noise. The
/// picture depends on the seed and the index alone, and sample `i` shows class `i % 10`.
public struct ProceduralShapes: ImageDataset {
  public let classes = Outline.allCases.map(\.rawValue)
  public let count: Int
  public let seed: UInt64
  /// Pixels on a side.
  public let side: Int
  /// Below, the shapes cannot be told apart.
  public static let smallestSide = 16

  /// - Precondition: `side` is ``smallestSide`` or more.
  public init(count: Int, seed: UInt64, side: Int = 32) {
    precondition(
      count >= 0 && side >= Self.smallestSide,
      "ProceduralShapes(count: \(count), side: \(side)): a side has \(Self.smallestSide) or more")
    (self.count, self.seed, self.side) = (count, seed, side)
  }

  public func label(at index: Int) -> Int { index % Outline.allCases.count }

  public func image(at index: Int) -> Image {
    var random = RandomStream(seed: seed).child(index)
    let outline = Outline.allCases[label(at: index)]
    var canvas = Canvas(
      side: side, from: .random(0...0.5, using: &random), to: .random(0...0.5, using: &random), angle: random.turn())
    let unit = Float(side)
    for _ in 0..<1 + random.index(below: 3) { canvas.drawClutter(using: &random) }

    let radius = unit * Float(random.uniform(0.28, 0.42))
    let reach = max(0, unit / 2 - radius)
    let centre = Point(
      unit / 2 + reach * Float(random.uniform(-1, 1)), unit / 2 + reach * Float(random.uniform(-1, 1)))
    let background = canvas.colour(at: centre)
    var paint = Colour.random(0.35...1, using: &random)
    while paint.distance(to: background) < 0.5 { paint = .random(0.35...1, using: &random) }
    let angle = Point(angle: Float(random.uniform(-0.5, 0.5)))
    canvas.paint(paint, opacity: Float(random.uniform(0.75, 1))) { point in
      outline.distance(to: (point - centre).rotated(by: angle) * (1 / radius)) * radius
    }
    if random.chance(0.3) { canvas.drawLine(using: &random) }
    return canvas.image(noise: Float(random.uniform(0.01, 0.06)), using: &random)
  }
}

/// The ten shapes, within a circle of radius 1 around the origin.
enum Outline: String, CaseIterable {
  case circle, ring, crescent, semicircle, triangle, square, star, cross, arrow, stripes

  /// The signed distance from `point` to the outline, negative inside (a bound in corners, which antialiasing does not see).
  func distance(to point: Point) -> Float {
    switch self {
    case .circle: point.length - 0.85
    case .ring: abs(point.length - 0.72) - 0.2
    case .crescent: max(point.length - 0.95, 0.78 - (point - Point(0.42, 0)).length)
    case .semicircle: max((point - Point(0, 0.4)).length - 0.95, point.y - 0.4)
    case .stripes: stripes(point)
    default: Self.corners[self].map { polygonDistance(point, $0) } ?? 1
    }
  }

  private func stripes(_ point: Point) -> Float {
    [-0.6, 0, 0.6].map { (shift: Float) in max(abs(point.x) - 0.75, abs(point.y - shift) - 0.16) }.min() ?? 1
  }

  private static let corners: [Outline: [Point]] = [
    .triangle: regular(3),
    .square: regular(4),
    .star: (0..<10).map { Point(angle: Float($0) * .pi / 5) * ($0 % 2 == 0 ? 1 : 0.42) },
    .cross: [
      (0.3, 1), (0.3, 0.3), (1, 0.3), (1, -0.3), (0.3, -0.3), (0.3, -1), (-0.3, -1), (-0.3, -0.3), (-1, -0.3),
      (-1, 0.3), (-0.3, 0.3), (-0.3, 1),
    ].map { Point($0.0, $0.1) * 0.92 },
    .arrow: [(1, 0), (0.15, 0.75), (0.15, 0.25), (-0.95, 0.25), (-0.95, -0.25), (0.15, -0.25), (0.15, -0.75)]
      .map { Point($0.0, $0.1) },
  ]

  private static func regular(_ count: Int) -> [Point] {
    (0..<count).map { Point(angle: 2 * .pi * Float($0) / Float(count)) }
  }
}

/// A point or a direction in the plane.
struct Point {
  var x, y: Float

  init(_ x: Float, _ y: Float) { (self.x, self.y) = (x, y) }
  init(angle: Float) { self.init(cos(angle), sin(angle)) }

  var length: Float { dot(self).squareRoot() }
  func dot(_ other: Point) -> Float { x * other.x + y * other.y }
  static func + (a: Point, b: Point) -> Point { Point(a.x + b.x, a.y + b.y) }
  static func - (a: Point, b: Point) -> Point { Point(a.x - b.x, a.y - b.y) }
  static func * (a: Point, scale: Float) -> Point { Point(a.x * scale, a.y * scale) }

  /// The turn whose cosine and sine `direction` holds.
  func rotated(by direction: Point) -> Point {
    Point(x * direction.x + y * direction.y, y * direction.x - x * direction.y)
  }
}

/// The signed distance from `point` to a closed polygon: the nearest edge, with the sign of the even-odd rule.
func polygonDistance(_ point: Point, _ corners: [Point]) -> Float {
  var nearest = Float.infinity
  var inside = false
  var from = corners[corners.count - 1]
  for to in corners {
    let edge = to - from
    let offset = point - from
    let along = min(1, max(0, offset.dot(edge) / edge.dot(edge)))
    let gap = offset - edge * along
    nearest = min(nearest, gap.dot(gap))
    if (from.y > point.y) != (to.y > point.y), point.x < from.x + (point.y - from.y) / (to.y - from.y) * edge.x {
      inside.toggle()
    }
    from = to
  }
  return inside ? -nearest.squareRoot() : nearest.squareRoot()
}

/// Red, green and blue in `0...1`.
struct Colour {
  var red, green, blue: Float

  /// Every component within `range`.
  static func random(_ range: ClosedRange<Double>, using random: inout RandomStream) -> Colour {
    func component() -> Float { Float(random.uniform(range.lowerBound, range.upperBound)) }
    return Colour(red: component(), green: component(), blue: component())
  }

  func mixed(with other: Colour, _ share: Float) -> Colour {
    Colour(
      red: red + (other.red - red) * share, green: green + (other.green - green) * share,
      blue: blue + (other.blue - blue) * share)
  }

  func distance(to other: Colour) -> Float {
    let (r, g, b) = (red - other.red, green - other.green, blue - other.blue)
    return (r * r + g * g + b * b).squareRoot()
  }
}

extension RandomStream {
  /// A direction in the plane.
  fileprivate mutating func turn() -> Point { Point(angle: Float(uniform(0, 2 * .pi))) }
}

/// A square picture being painted.
private struct Canvas {
  let side: Int
  var colours: [Colour]

  /// A gradient along `angle`.
  init(side: Int, from: Colour, to: Colour, angle: Point) {
    self.side = side
    let half = Float(side) / 2
    colours = (0..<side * side).map { i in
      let point = Point(Float(i % side) + 0.5 - half, Float(i / side) + 0.5 - half) * (1 / half)
      return from.mixed(with: to, min(1, max(0, 0.5 + 0.4 * point.dot(angle))))
    }
  }

  func colour(at point: Point) -> Colour {
    let x = min(side - 1, max(0, Int(point.x)))
    let y = min(side - 1, max(0, Int(point.y)))
    return colours[y * side + x]
  }

  /// Covers what lies inside the outline, whose signed distance is in pixels; edges are antialiased over one.
  mutating func paint(_ colour: Colour, opacity: Float, distance: (Point) -> Float) {
    for y in 0..<side {
      for x in 0..<side {
        let cover = min(1, max(0, 0.5 - distance(Point(Float(x) + 0.5, Float(y) + 0.5))))
        if cover > 0 { colours[y * side + x] = colours[y * side + x].mixed(with: colour, cover * opacity) }
      }
    }
  }

  /// A speck or a line anywhere.
  mutating func drawClutter(using random: inout RandomStream) {
    if random.chance(0.5) { return drawLine(using: &random) }
    let unit = Double(side)
    let centre = Point(Float(random.uniform(0, unit)), Float(random.uniform(0, unit)))
    let size = Float(random.uniform(0.03, 0.08) * unit)
    paint(.random(0...0.8, using: &random), opacity: Float(random.uniform(0.5, 1))) { ($0 - centre).length - size }
  }

  mutating func drawLine(using random: inout RandomStream) {
    let unit = Double(side)
    let start = Point(Float(random.uniform(0, unit)), Float(random.uniform(0, unit)))
    let direction = random.turn()
    let length = Float(random.uniform(0.2, 0.7) * unit)
    let half = Float(random.uniform(0.01, 0.025) * unit)
    paint(.random(0...0.8, using: &random), opacity: Float(random.uniform(0.4, 0.9))) { point in
      let offset = point - start
      return (offset - direction * min(length, max(0, offset.dot(direction)))).length - half
    }
  }

  func image(noise: Float, using random: inout RandomStream) -> Image {
    Image(width: side, height: side, channels: 3) { pixels in
      for (i, colour) in colours.enumerated() {
        for (channel, value) in [colour.red, colour.green, colour.blue].enumerated() {
          let level = value + noise * Float(random.normal())
          pixels[3 * i + channel] = UInt8((min(1, max(0, level)) * 255).rounded())
        }
      }
    }
  }
}
