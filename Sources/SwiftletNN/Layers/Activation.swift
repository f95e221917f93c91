import SwiftletTensor

/// An element-wise nonlinearity.
public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
  /// `x Φ(x)` with the exact normal distribution function. Source: Hendrycks and Gimpel (2016).
  case gelu
  /// Its approximation `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
  case geluTanh
  /// `x · sigmoid(1.702 x)`, as CLIP approximates it.
  case quickGelu
  case relu
  /// `x · sigmoid(x)`, also called swish.
  case silu
  case sigmoid
  case tanh

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: x.gelu()
    case .geluTanh: x.gelu(approximatingWithTanh: true)
    case .quickGelu: x * (x * 1.702).sigmoid()
    case .relu: x.relu()
    case .silu: x.silu()
    case .sigmoid: x.sigmoid()
    case .tanh: x.tanh()
    }
  }
}
