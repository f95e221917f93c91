import SwiftletTensor

/// A table of vectors, looked up by index.
///
/// Shapes: `x` holds int64 indices in `0..<count`, `[…]`; the result is `[…, width]`, `weight` `[count, width]`.
public final class Embedding: Layer {
  @Parameter public var weight: Tensor

  public init(weight: Tensor) { self.weight = weight }

  /// Entries from `N(0, standardDeviation²)`.
  public convenience init(count: Int, width: Int, standardDeviation: Double = 1, using generator: Generator) {
    self.init(
      weight: Initialization.normal(standardDeviation: standardDeviation).parameter([count, width], using: generator))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.embedding(weight: weight) }

  public func shallowCopy() -> Embedding { Embedding(weight: weight) }
}
