import SwiftletNN
import SwiftletRuntime
import SwiftletTensor

/// A linear layer that computes with N of every M weights: `y = x (W * mask)ᵀ + b`.
///
/// One weight serves every pattern. The mask follows the current weights at each forward pass, unless it is frozen, and
/// choosing another ``pattern`` changes no weight, so a supernet may choose anew at each step. Dense patterns compute
/// with `W` itself, bit for bit the plain layer. Parameter paths are those of `Linear`.
///
/// Shapes: `x` is `[…, inputs]`, the result `[…, outputs]`, `weight` `[outputs, inputs]`.
/// Source: ELSA, the supernet's layer.
public final class SparseLinear: Layer {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor?

  /// - Precondition: the groups divide the inputs, and the mask is not frozen.
  public var pattern: SparsityPattern {
    didSet {
      precondition(
        frozenMask == nil || pattern == oldValue, "SparseLinear: unfreeze the mask to choose another pattern")
      checkWidth()
    }
  }
  public var score: WeightScore
  public var gradient: SparseGradient
  private var frozenMask: Tensor?

  public init(
    weight: Tensor, bias: Tensor?, pattern: SparsityPattern, score: WeightScore = .magnitude,
    gradient: SparseGradient = .masked
  ) {
    (self.pattern, self.score, self.gradient) = (pattern, score, gradient)
    self.weight = weight
    self.bias = bias
    checkWidth()
  }

  public var inputs: Int { weight.shape[1] }
  public var outputs: Int { weight.shape[0] }

  /// Which weights take part, booleans `[outputs, inputs]`.
  public var mask: Tensor {
    guard let frozen = frozenMask else { return pattern.mask(of: score(weight)) }
    let device = weight.device
    if frozen.device == device { return frozen }
    let moved = frozen.to(device: device)
    frozenMask = moved  // The model has moved since.
    return moved
  }

  /// Whether the mask stays as it was when ``freezeMask()`` was called.
  public var isMaskFrozen: Bool { frozenMask != nil }

  /// Keeps the present mask from now on, for finetuning. Checkpoints do not store it: prune and freeze before resuming.
  public func freezeMask() { frozenMask = mask }

  /// Lets the mask follow the weights again.
  public func unfreezeMask() { frozenMask = nil }

  /// The weight as the layer uses it.
  public var effectiveWeight: Tensor { pattern.isDense ? weight : gradient.apply(mask, to: weight) }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight: effectiveWeight, bias: bias) }

  public func shallowCopy() -> SparseLinear {
    let copy = SparseLinear(weight: weight, bias: bias, pattern: pattern, score: score, gradient: gradient)
    copy.frozenMask = frozenMask
    return copy
  }

  /// The plain layer with the removed weights at zero; it holds the same tensors.
  func baked() -> Linear {
    withNoGradient { _ = weight.copyInPlace(from: effectiveWeight) }
    return Linear(weight: weight, bias: bias)
  }

  private func checkWidth() {
    precondition(
      inputs.isMultiple(of: pattern.group),
      "SparseLinear: \(pattern) needs whole groups, the weight has \(inputs) inputs")
  }
}
