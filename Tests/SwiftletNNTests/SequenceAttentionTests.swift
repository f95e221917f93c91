import Foundation
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SequenceAttentionTests {
  let generator = Generator(seed: 9)

  private func maximumDifference(_ a: Tensor, _ b: Tensor) -> Double {
    #expect(a.shape == b.shape)
    return zip(a.contiguous().scalars(as: Float.self), b.contiguous().scalars(as: Float.self))
      .map { abs(Double($0) - Double($1)) }.max() ?? 0
  }

  /// Oracle: the definition, element by element.
  @Test(arguments: [1, 2, 7]) func `attention by distances equals the definition`(tokens: Int) throws {
    let (batch, heads, width) = (2, 3, 4)
    let shape = [batch, heads, tokens, width]
    let inputs = (0..<3).map { _ in Tensor.normal(shape, using: generator).cast(to: .float64) }
    let distances = Tensor.normal([heads, 2 * tokens - 1, width], using: generator).cast(to: .float64)
    let biases = (0..<2).map { _ in Tensor.normal([heads, width], using: generator).cast(to: .float64) }
    let found = attend(
      query: inputs[0], key: inputs[1], value: inputs[2], distances: distances, contentBias: biases[0],
      positionBias: biases[1], scale: 0.7
    ).contiguous().scalars(as: Double.self)

    let (q, k, v) = (
      inputs[0].scalars(as: Double.self), inputs[1].scalars(as: Double.self), inputs[2].scalars(as: Double.self)
    )
    let (r, u, w) = (
      distances.scalars(as: Double.self), biases[0].scalars(as: Double.self), biases[1].scalars(as: Double.self)
    )
    for row in 0..<batch * heads {
      let head = row % heads
      for i in 0..<tokens {
        let weights = (0..<tokens).map { j in
          exp(
            0.7
              * (0..<width).reduce(0.0) { sum, e in
                let query = q[(row * tokens + i) * width + e]
                let distance = r[(head * (2 * tokens - 1) + tokens - 1 - i + j) * width + e]
                return sum + (query + u[head * width + e]) * k[(row * tokens + j) * width + e]
                  + (query + w[head * width + e]) * distance
              })
        }
        for e in 0..<width {
          let sum = (0..<tokens).reduce(0.0) { $0 + weights[$1] * v[(row * tokens + $1) * width + e] }
          #expect(abs(found[(row * tokens + i) * width + e] - sum / weights.reduce(0, +)) < 1e-12)
        }
      }
    }
  }

  /// Grouped heads are repeated heads, and later tokens change nothing of earlier ones.
  @Test func `grouped attention repeats heads, causal attention does not look ahead`() throws {
    let q = Tensor.normal([2, 6, 5, 4], using: generator)
    let (k, v) = (Tensor.normal([2, 2, 5, 4], using: generator), Tensor.normal([2, 2, 5, 4], using: generator))
    func repeated(_ x: Tensor) -> Tensor {
      x.unsqueezed(2).expanded([2, 2, 3, 5, 4]).reshaped([2, 6, 5, 4])
    }
    let grouped = attend(query: q, key: k, value: v, causal: true)
    let plain = attend(query: q, key: repeated(k), value: repeated(v), causal: true)
    #expect(maximumDifference(grouped, plain) < 1e-6)

    let model = Attention(width: 12, heads: 6, keyHeads: 2, causal: true, using: generator)
    let x = Tensor.normal([2, 5, 12], using: generator)
    let (whole, part) = (model(x), model(x.narrowed(along: 1, from: 0, count: 3)))
    #expect(maximumDifference(whole.narrowed(along: 1, from: 0, count: 3), part) < 1e-6)
    #expect(Array(model.namedParameters().map(\.path)) == ["qkv.weight", "qkv.bias", "proj.weight", "proj.bias"])
    #expect(model.namedParameters().first?.tensor.shape == [12 + 2 * 4, 12])
  }
}
