/// The elements of a tensor, row-major, with their shape: what a session takes and gives.
public struct NDArray: Hashable, Sendable {
  public enum Elements: Hashable, Sendable {
    case float32([Float])
    /// As stored: the graph's quantisation says which real number each stands for.
    case uint8([UInt8])
    case int64([Int64])

    public var count: Int {
      switch self {
      case .float32(let elements): elements.count
      case .uint8(let elements): elements.count
      case .int64(let elements): elements.count
      }
    }
  }

  public let shape: [Int]
  public let elements: Elements

  /// - Precondition: the elements fill the shape.
  public init(_ elements: Elements, shape: [Int]) {
    precondition(
      shape.reduce(1, *) == elements.count, "NDArray: \(elements.count) elements do not fill the shape \(shape)")
    self.elements = elements
    self.shape = shape
  }

  /// - Precondition: the elements fill the shape.
  public init(_ elements: [Float], shape: [Int]) { self.init(.float32(elements), shape: shape) }

  /// The elements as floats; integers are converted, not dequantised.
  public var floats: [Float] {
    switch elements {
    case .float32(let elements): elements
    case .uint8(let elements): elements.map { Float($0) }
    case .int64(let elements): elements.map { Float($0) }
    }
  }
}
