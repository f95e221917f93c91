import SwiftletTensor

/// The sum of `x xᵀ` over the tokens that a layer saw: all that a decomposition needs to know of a text.
///
/// `[inputs, inputs]` in float64, whatever the length of the text, which may come in pieces of any size.
public struct InputProducts {
  /// `[inputs, inputs]`, float64.
  public private(set) var sums: Tensor
  public private(set) var tokens = 0

  public init(inputs: Int) {
    sums = .zeros([inputs, inputs], dataType: .float64)
  }

  /// Adds tokens, `[…, inputs]` in any floating-point type.
  public mutating func add(_ x: Tensor) {
    withNoGradient {
      let inputs = sums.shape[0]
      precondition(x.shape.last == inputs, "InputProducts: tokens of shape \(x.shape) for \(inputs) inputs")
      let rows = x.detached().reshaped([-1, inputs])
      sums = sums + rows.products.to(device: sums.device)
      tokens += rows.shape[0]
    }
  }

  /// - Throws: ``LowRankError`` if nothing was added, or something that is not finite.
  func checked() throws(LowRankError) -> Tensor {
    guard tokens > 0 else { throw .noStatistics }
    guard sums.sum().item().isFinite else { throw .statisticsNotFinite }
    return sums
  }
}
