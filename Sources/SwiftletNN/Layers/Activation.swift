import SwiftletFiles
import SwiftletTensor

/// An element-wise nonlinearity.
public enum Activation: String, FileWord, Hashable, Sendable, CaseIterable {
  /// `x Φ(x)` with the exact normal distribution function. Source: Hendrycks and Gimpel (2016).
  case gelu
  case relu
  /// `x · sigmoid(x)`, also called swish.
  case silu
  case sigmoid
  case tanh

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: x.gelu()
    case .relu: x.relu()
    case .silu: x.silu()
    case .sigmoid: x.sigmoid()
    case .tanh: x.tanh()
    }
  }
}
