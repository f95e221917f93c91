import SwiftletTensor

/// A matrix as a product: `up` `[outputs, rank]` times `down` `[rank, inputs]`. `down * x` is the latent that a cache keeps.
public struct LowRankFactors {
  public var up, down: Tensor

  public init(up: Tensor, down: Tensor) {
    precondition(
      up.shape.count == 2 && down.shape.count == 2 && up.shape[1] == down.shape[0],
      "LowRankFactors: \(up.shape) times \(down.shape)")
    (self.up, self.down) = (up, down)
  }

  public var rank: Int { up.shape[1] }
  /// `[outputs, inputs]`.
  public var product: Tensor { up.matmul(down) }

  /// The same product whose latents are turned by an orthogonal matrix `[rank, rank]`: `up Q` and `Qᵀ down`.
  ///
  /// As the turn is part of the weights it costs nothing at run time, and `Q` may be any orthogonal matrix.
  public func rotated(by rotation: Tensor) -> LowRankFactors {
    let turn = rotation.cast(to: up.dataType)
    return LowRankFactors(up: up.matmul(turn), down: turn.transposed(0, 1).matmul(down))
  }
}

/// How the singular values are shared by the two factors.
public enum FactorSplit: String, Hashable, Sendable, CaseIterable {
  /// Their square roots go to both sides: the least noise after a rotation, with one scale for all of a latent.
  case balanced
  /// All go into the latent, `up` has orthonormal columns.
  case orthonormal
}
