/// Places labels beside their points, each in the first place around its point where it stays inside the plot and covers
/// nothing; where there is none, in the first where it covers no other label.
struct LabelLayout {
  struct Label: Sendable, Hashable {
    let text: String
    /// The left end of the baseline.
    let x, y: Double
  }

  let left, right, top, bottom: Double
  private var wanted: [(text: String, point: (Double, Double))] = []
  private var obstacles: [Box] = []

  init(left: Double, right: Double, top: Double, bottom: Double) {
    (self.left, self.right, self.top, self.bottom) = (left, right, top, bottom)
  }

  /// About how wide the text is in the drawing's font.
  static func width(of text: String) -> Double { 6.6 * Double(text.count) }

  private static let height = 12.0

  mutating func add(_ text: String, at point: (Double, Double)) { wanted.append((text, point)) }

  /// Something at a point that labels shall not cover.
  mutating func avoid(_ point: (Double, Double), radius: Double) {
    obstacles.append(Box(x: point.0 - radius, y: point.1 - radius, width: 2 * radius, height: 2 * radius))
  }

  /// A line that labels shall not cover.
  mutating func avoid(from start: (Double, Double), to end: (Double, Double)) {
    let length = ((end.0 - start.0) * (end.0 - start.0) + (end.1 - start.1) * (end.1 - start.1)).squareRoot()
    let steps = max(1, Int(length / 6))
    for step in 0...steps {
      let share = Double(step) / Double(steps)
      avoid((start.0 + share * (end.0 - start.0), start.1 + share * (end.1 - start.1)), radius: 1.5)
    }
  }

  /// All labels, in the order in which they were added.
  var placed: [Label] {
    var taken = wanted.map { Box(x: $0.point.0 - 4, y: $0.point.1 - 4, width: 8, height: 8) }
    return wanted.map { label in
      let width = Self.width(of: label.text)
      let (x, y) = label.point
      // Right of the point, left of it, above and below it, and then the same further out.
      let places = [0.0, 14, 28, 42].flatMap { far -> [(Double, Double)] in
        let (above, below, before) = (y - 6 - far, y + 14 + far, x - 7 - width)
        return [
          (x + 7, above), (x + 7, below), (before, above), (before, below), (x - width / 2, above - 4),
          (x - width / 2, below + 6),
        ]
      }
      let inside = places.filter {
        $0.0 >= left && $0.0 + width <= right && $0.1 - Self.height >= top && $0.1 <= bottom
      }
      func box(_ place: (Double, Double)) -> Box {
        Box(x: place.0, y: place.1 - Self.height + 2, width: width, height: Self.height)
      }
      let apart = inside.filter { place in !taken.contains { $0.overlaps(box(place)) } }
      let best =
        apart.first { place in !obstacles.contains { $0.overlaps(box(place)) } } ?? apart.first ?? inside.first
        ?? (max(left, min(x + 7, right - width)), y - 6)
      taken.append(box(best))
      return Label(text: label.text, x: best.0, y: best.1)
    }
  }

  private struct Box {
    let x, y, width, height: Double

    func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
  }
}
