import SwiftletTensor

extension Optimizer {
  /// Scales all gradients so that their joint 2-norm is at most `limit`, and returns the norm before, a scalar.
  ///
  /// Without a limit only the norm is taken. Equal to PyTorch's `clip_grad_norm_`.
  @discardableResult
  public func clipGradients(toNorm limit: Double?) -> Tensor {
    withNoGradient {
      let gradients = groups.flatMap { $0.parameters.compactMap(\.tensor.gradient) }
      let total = gradients.norms().norm()
      if let limit { gradients.mulInPlace((limit / (total + 1e-6)).clamp(max: 1)) }
      return total
    }
  }
}
