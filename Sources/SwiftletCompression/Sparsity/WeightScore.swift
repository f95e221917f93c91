import SwiftletTensor

/// How much a weight matters within its group.
public enum WeightScore {
  /// `|w|`.
  case magnitude
  /// `|w| * ||x||`, with the norm of each input over calibration data, `[inputs]`.
  /// Source: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (2024), equation 1.
  case wanda(inputNorms: Tensor)

  /// The scores of `weight`, `[outputs, inputs]`, in the same shape.
  func callAsFunction(_ weight: Tensor) -> Tensor {
    withNoGradient {
      switch self {
      case .magnitude: weight.detached().abs()
      case .wanda(let inputNorms):
        // In float32, so that products of half-precision weights do not become equal by rounding.
        weight.detached().abs().cast(to: .float32) * inputNorms.to(device: weight.device)
      }
    }
  }
}
