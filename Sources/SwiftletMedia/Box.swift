/// A rectangle in a picture's coordinates: pixel (x, y) covers `x..<x + 1` and `y..<y + 1`.
public struct Box: Hashable, Sendable, Codable {
  public var x, y, width, height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }
}
