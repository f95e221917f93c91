import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletCompression

/// Oracle O7: attention computes the same from latents as from what is rebuilt of them. Everything is float64.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LatentAttentionTests {
  /// A layer of attention with low-rank keys and values, taken apart.
  private struct Parts {
    let attention: LlamaAttention
    let key, value: LowRankProjection
    /// What it reads, `[24, 32]`.
    let x: Tensor

    init(_ shape: LowRankLlamaTests.Shape, headGroup: Int) throws {
      // The rotation is folded into both factors.
      let choice = LayerChoice(rank: 5, headGroup: headGroup)
      let model = try LowRankLlamaTests.compressed(shape, keys: choice, values: choice)
      attention = model.blocks[0].attention
      key = try #require(attention.key as? LowRankProjection)
      value = try #require(attention.value as? LowRankProjection)
      x = withNoGradient {
        model.blocks[0].norm1(model.embedding(LowRankLlamaTests.tokens(1))).reshaped([24, 32]).cast(to: .float64)
      }
    }

    /// The rows of a head of keys or values in what rebuilds it, `[headWidth, rank]`, its group's latents, `[24, rank]`, and its
    /// bias, `[headWidth]`.
    func head(_ head: Int, of projection: LowRankProjection) -> (up: Tensor, latents: Tensor, bias: Tensor) {
      let (width, size) = (attention.headWidth, attention.keyHeads / projection.groups)
      let up = projection.up.cast(to: .float64).narrowed(along: 0, from: head / size, count: 1)
        .narrowed(along: 1, from: head % size * width, count: width).reshaped([width, projection.rank])
      let down = projection.down.cast(to: .float64)
        .narrowed(along: 0, from: head / size * projection.rank, count: projection.rank)
      let bias = projection.bias?.cast(to: .float64).narrowed(along: 0, from: head * width, count: width)
      return (up, x.matmul(down.transposed(0, 1)), bias ?? .zeros([width], dataType: .float64))
    }

    /// Rows of a plain layer's weight for a head, and its bias.
    func rows(_ head: Int, of layer: any Layer) throws -> (weight: Tensor, bias: Tensor) {
      let (linear, width) = (try #require(layer as? Linear), attention.headWidth)
      let bias = linear.bias?.cast(to: .float64).narrowed(along: 0, from: head * width, count: width)
      return (
        linear.weight.cast(to: .float64).narrowed(along: 0, from: head * width, count: width),
        bias ?? .zeros([width], dataType: .float64)
      )
    }

    func shared(_ head: Int) -> Int { head / (attention.heads / attention.keyHeads) }
  }

  private static func groups(of shape: LowRankLlamaTests.Shape) -> [Int] { Set([1, shape.keyHeads]).sorted() }

  /// Rebuilt, rebuilt late, and never rebuilt: `W_o (p V) = W_o L (p H) = (W_o L)(p H)`, biases added once.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `values need not be rebuilt`(shape: LowRankLlamaTests.Shape) throws {
    for group in Self.groups(of: shape) {
      let parts = try Parts(shape, headGroup: group)
      let width = parts.attention.headWidth
      let output = try #require(parts.attention.output as? Linear).weight.cast(to: .float64)
      withNoGradient {
        let chances = Tensor.normal([4, 24, 24], dataType: .float64, using: Generator(seed: 4)).softmax(along: -1)
        let whole = parts.value(parts.x.cast(to: .float32)).cast(to: .float64)
        var (rebuilt, late, fused): (Tensor, Tensor, Tensor) = (
          .zeros([24, 32], dataType: .float64), .zeros([24, 32], dataType: .float64),
          .zeros([24, 32], dataType: .float64)
        )
        for head in 0..<4 {
          let (up, latents, bias) = parts.head(parts.shared(head), of: parts.value)
          let p = chances.narrowed(along: 0, from: head, count: 1).reshaped([24, 24])
          let w = output.narrowed(along: 1, from: head * width, count: width).transposed(0, 1)
          let v = whole.narrowed(along: 1, from: parts.shared(head) * width, count: width)
          let z = p.matmul(latents)
          rebuilt = rebuilt + p.matmul(v).matmul(w)
          late = late + (z.matmul(up.transposed(0, 1)) + bias).matmul(w)
          fused = fused + z.matmul(up.transposed(0, 1).matmul(w)) + bias.unsqueezed(0).matmul(w)
        }
        let scale = rebuilt.abs().max().item()
        #expect(distance(late, rebuilt) <= 1e-5 * scale && distance(fused, late) <= 1e-12 * scale, "groups of \(group)")
      }
    }
  }

  /// Where positions turn nothing: `q · (L h + b)`, `(Lᵀ q) · h + q · b`, and `(Lᵀ W_q x + Lᵀ b_q) · h + q · b`. What a bias of the
  /// keys adds is the same for all tokens, and nothing to the softmax.
  @Test(arguments: LowRankLlamaTests.shapes.filter { if case .rotary = $0.positions { false } else { true } })
  func `keys that are not turned need not be rebuilt`(shape: LowRankLlamaTests.Shape) throws {
    for group in Self.groups(of: shape) {
      let parts = try Parts(shape, headGroup: group)
      let width = parts.attention.headWidth
      try withNoGradient {
        let whole = parts.key(parts.x.cast(to: .float32)).cast(to: .float64)
        for head in 0..<4 {
          let (up, latents, bias) = parts.head(parts.shared(head), of: parts.key)
          let (query, queryBias) = try parts.rows(head, of: parts.attention.query)
          let q = parts.x.matmul(query.transposed(0, 1)) + queryBias
          let k = whole.narrowed(along: 1, from: parts.shared(head) * width, count: width)
          let constant = q.matmul(bias.unsqueezed(1))
          let rebuilt = q.matmul(k.transposed(0, 1))
          let turned = q.matmul(up).matmul(latents.transposed(0, 1)) + constant
          let absorbed =
            parts.x.matmul(up.transposed(0, 1).matmul(query).transposed(0, 1))
            + queryBias.unsqueezed(0).matmul(up)
          let scores = absorbed.matmul(latents.transposed(0, 1))
          let scale = max(1, rebuilt.abs().max().item())
          #expect(distance(turned, rebuilt) <= 1e-5 * scale && distance(scores + constant, turned) <= 1e-12 * scale)
          #expect(distance(scores.softmax(along: -1), turned.softmax(along: -1)) <= 1e-12)
        }
      }
    }
  }
}
