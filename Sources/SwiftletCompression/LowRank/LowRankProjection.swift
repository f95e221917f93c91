import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// A projection of keys or values through a latent, which is what a cache keeps: `y_g = up_g · (down_g · x) + bias_g` for each
/// group g of heads.
///
/// Shapes: `x` is `[…, inputs]`, the result `[…, groups · outputs]`; `down` is `[groups · rank, inputs]`, `up`
/// `[groups, outputs, rank]`, `bias` `[groups · outputs]`. The latent has no bias: it is added behind it.
/// Source: Chang et al., "Palu" (2025), section 3.2.
public final class LowRankProjection: RememberedProjection {
  @Parameter public var down: Tensor
  @Parameter public var up: Tensor
  @Parameter public var bias: Tensor?
  /// What becomes of latents in the cache; nil keeps them in the numbers that the network computes with.
  public var quantizer: LatentQuantizer?

  /// - Precondition: the shapes fit, and the quantiser's groups the rank.
  public init(down: Tensor, up: Tensor, bias: Tensor?, quantizer: LatentQuantizer? = nil) {
    precondition(
      up.rank == 3 && down.rank == 2 && down.shape[0] == up.shape[0] * up.shape[2],
      "LowRankProjection: down of shape \(down.shape) and up of shape \(up.shape)")
    self.quantizer = quantizer
    self.down = down
    self.up = up
    self.bias = bias
  }

  public var groups: Int { up.shape[0] }
  /// Of each group.
  public var rank: Int { up.shape[2] }
  public var inputs: Int { down.shape[1] }
  public var outputs: Int { groups * up.shape[1] }

  /// What a cache keeps of tokens before it rounds them: `[…, groups · rank]`.
  public func latents(_ x: Tensor) -> Tensor { x.linear(weight: down) }

  /// The outputs that latents stand for.
  public func outputs(ofLatents latents: Tensor) -> Tensor { Self.outputs(ofLatents: latents, up, bias) }

  static func outputs(ofLatents latents: Tensor, _ up: Tensor, _ bias: Tensor?) -> Tensor {
    let tokens = Array(latents.shape.dropLast())
    let (groups, rank) = (up.shape[0], up.shape[2])
    let y = Tensor.einsum("tgr,gor->tgo", latents.reshaped([-1, groups, rank]), up)
      .reshaped(tokens + [groups * up.shape[1]])
    return bias.map { y + $0 } ?? y
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { outputs(ofLatents: latents(x)) }

  public func remembered(_ x: Tensor) -> Tensor { outputs(ofLatents: rememberedLatents(x)) }

  /// The latents as they come back from the cache.
  func rememberedLatents(_ x: Tensor) -> Tensor {
    let latents = latents(x)
    return quantizer.map { $0.rounded(latents, slice: $0.group ?? rank) } ?? latents
  }

  public func shallowCopy() -> LowRankProjection {
    LowRankProjection(down: down, up: up, bias: bias, quantizer: quantizer)
  }
}

extension LowRankProjection {
  /// The best projection of a rank for what a layer saw.
  ///
  /// - Parameters:
  ///   - decompositions: of each group of heads, in their order.
  ///   - bias: of all groups' outputs.
  ///   - dataType: of the weights.
  /// - Throws: ``LowRankError`` for a rank that is out of reach.
  public convenience init(
    _ decompositions: [LowRankDecomposition], rank: Int, bias: Tensor?, dataType: DataType = .float32,
    rotation: LatentRotation = .hadamard, seed: Int = 0, quantizer: LatentQuantizer? = nil
  ) throws(LowRankError) {
    let turn = rotation.matrix(width: rank, seed: seed)
    var (downs, ups): ([Tensor], [Tensor]) = ([], [])
    for decomposition in decompositions {
      let factors = try decomposition.factors(rank: rank)
      let turned = turn.map { factors.rotated(by: $0) } ?? factors
      downs.append(turned.down.cast(to: dataType))
      ups.append(turned.up.cast(to: dataType))
    }
    self.init(
      down: .concatenated(downs, along: 0), up: .stacked(ups, along: 0), bias: bias?.detached(), quantizer: quantizer)
  }
}
