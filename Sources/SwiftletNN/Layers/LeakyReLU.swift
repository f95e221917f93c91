import SwiftletTensor

/// `x` above 0 and `slope * x` elsewhere. Source: Maas et al. (2013), section 2.
public final class LeakyReLU: Layer {
  public let slope: Double

  public init(slope: Double = 0.01) { self.slope = slope }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.leakyRelu(slope: slope) }

  public func shallowCopy() -> LeakyReLU { LeakyReLU(slope: slope) }
}
