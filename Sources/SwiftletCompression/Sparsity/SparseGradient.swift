import SwiftletTensor

/// How the weights that a mask removes learn. Forward they all compute with `w * m`.
public enum SparseGradient: Hashable, Sendable {
  /// `dL/dw = dL/d(w m) * m`: only weights that stay learn. ELSA's choice.
  case masked
  /// `dL/dw = dL/d(w m)`: the removed ones learn too and may come back. Source: Bengio et al., "Estimating or
  /// Propagating Gradients Through Stochastic Neurons" (2013).
  case straightThrough
  /// Straight through, and the removed weights are drawn to zero: `+ decay (1 - m) w`.
  /// Source: Zhou et al., "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch" (2021), section 3.
  case srSTE(decay: Double = 2e-4)

  /// `weight` with the entries outside `mask` set to zero, and this gradient.
  func apply(_ mask: Tensor, to weight: Tensor) -> Tensor {
    switch self {
    case .masked:
      return weight.masked(by: mask)
    case .straightThrough:
      return customGradient(
        "straight_through", [weight], forward: { [$0[0].masked(by: mask)] }, backward: { [$0[0]] })[0]
    case .srSTE(let decay):
      let values = weight.detached()
      return customGradient(
        "sr_ste", [weight], forward: { [$0[0].masked(by: mask)] },
        backward: { gradients in
          [gradients[0].map { $0 + values.maskedFill(mask, 0) * decay }]
        })[0]
    }
  }
}

extension SparseGradient: CustomStringConvertible {
  public var description: String {
    switch self {
    case .masked: "masked"
    case .straightThrough: "ste"
    case .srSTE: "sr-ste"
    }
  }

  /// Reads `masked`, `ste` or `sr-ste`, or answers nil.
  public init?(parsing text: String) {
    switch text {
    case "masked": self = .masked
    case "ste": self = .straightThrough
    case "sr-ste": self = .srSTE()
    default: return nil
    }
  }
}
