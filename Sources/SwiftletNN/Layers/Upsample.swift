import SwiftletTensor

/// `[batch, channels, height, width]` with sides that are `factor` times as long.
public final class Upsample: Layer {
  public let factor: Int
  public let method: Interpolation

  public init(factor: Int, _ method: Interpolation = .nearest) { (self.factor, self.method) = (factor, method) }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.interpolate(to: [x.shape[2] * factor, x.shape[3] * factor], method)
  }

  public func shallowCopy() -> Upsample { Upsample(factor: factor, method) }
}
