import SwiftletRuntime

/// An axis whose length each run will choose, and the lengths at which a forward pass is recorded to find what grows with
/// it.
public struct TracedAxis: Hashable, Sendable {
  public var axis: Graph.Axis
  /// Different ones, at least two. What steps along the axis by N, as a stride does, shows itself where they have
  /// different remainders by N. From two lengths, plain multiples alone are found.
  public var lengths: [Int]

  /// - Parameter lengths: without any, 45, 44 and 41, or as many below the maximum.
  public init(_ name: String, maximum: Int, lengths: [Int]? = nil) {
    let greatest = min(maximum, 45)
    axis = Graph.Axis(name, maximum: maximum)
    self.lengths = lengths ?? [greatest, greatest - 1, greatest - 4].filter { $0 >= 1 }
  }

  /// Samples side by side. 2 and 3 are coprime: no length is a multiple of both by accident unless it grows with the batch.
  public static let batch = TracedAxis("batch", maximum: Graph.Axis.batch.maximum, lengths: [2, 3])
}

/// A tensor that a forward pass takes: its name in the exported graph, and its shape in terms of the axes.
public struct TracedInput: Hashable, Sendable {
  public var name: String
  public var shape: Graph.Shape
  /// `float32` or `int64`.
  public var type: Graph.ElementType

  public init(_ name: String, _ shape: Graph.Shape, type: Graph.ElementType = .float32) {
    (self.name, self.shape, self.type) = (name, shape, type)
  }
}
