import SwiftletTensor

/// `x` times `x / 6 + 1/2` within 0 and 1. Source: Howard et al., "Searching for MobileNetV3" (2019), section 5.2.
public final class HardSwish: Layer {
  public init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor { x.hardSwish() }

  public func shallowCopy() -> HardSwish { HardSwish() }
}

/// `x / 6 + 1/2` within 0 and 1. Source: as of ``HardSwish``.
public final class HardSigmoid: Layer {
  public init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor { x.hardSigmoid() }

  public func shallowCopy() -> HardSigmoid { HardSigmoid() }
}
