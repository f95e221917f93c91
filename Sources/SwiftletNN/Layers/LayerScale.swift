import SwiftletTensor

/// A learned factor for each channel: `gamma · x`.
///
/// Shapes: `x` is `[…, width]`, and so is the result. Source: Touvron et al., "Going Deeper with Image Transformers"
/// (2021), section 2.
public final class LayerScale: Layer {
  @Parameter public var gamma: Tensor

  public init(gamma: Tensor) { self.gamma = gamma }

  /// Every factor starts as `start`.
  public convenience init(width: Int, start: Double) {
    let gamma = Tensor.full([width], start)
    gamma.requiresGradient = true
    self.init(gamma: gamma)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x * gamma }

  public func shallowCopy() -> LayerScale { LayerScale(gamma: gamma) }
}
