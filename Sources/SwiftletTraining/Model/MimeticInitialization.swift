import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletTensor

extension VisionTransformer {
  /// Starts attention as trained networks end up, and positions as sines and cosines.
  ///
  /// Every head's `Wqᵀ Wk` becomes the best low-rank fit of `0.7 Z + 0.7 I`, and `Wp Wv` becomes `0.4 Z - 0.4 I`, with
  /// `Z` random normal of variance `1 / width`; the singular values are shared evenly between the two factors.
  /// Source: Trockman and Kolter, "Mimetic Initialization of Self-Attention Layers" (2023), section 3.
  func initializeMimetically(using generator: Generator) {
    let (width, heads) = (configuration.width, configuration.heads)
    let headWidth = width / heads
    let tensors = Dictionary(uniqueKeysWithValues: namedParameters().map { ($0.path, $0.tensor) })
    func set(_ path: String, _ value: Tensor) { tensors[path]?.copyInPlace(from: value) }
    /// Factors `(left, right)` of rank `rank` with `leftᵀ right ≈ random Z + identity I`.
    func factors(random: Double, identity: Double, rank: Int) -> (left: Tensor, right: Tensor) {
      let noise = Tensor.normal([width, width], using: generator) * (random / Double(width).squareRoot())
      let (u, s, vT) = (noise + Tensor.eye(width) * identity).singularValues()
      let root = s.narrowed(along: 0, from: 0, count: rank).sqrt()
      let left = u.narrowed(along: 1, from: 0, count: rank) * root
      let right = vT.narrowed(along: 0, from: 0, count: rank) * root.unsqueezed(1)
      return (left.transposed(0, 1), right)
    }
    withNoGradient {
      for block in blocks.indices {
        let pairs = (0..<heads).map { _ in factors(random: 0.7, identity: 0.7, rank: headWidth) }
        let value = factors(random: 0.4, identity: -0.4, rank: width)
        set(
          "blocks.\(block).attn.qkv.weight",
          .concatenated(pairs.map(\.left) + pairs.map(\.right) + [value.right], along: 0))
        set("blocks.\(block).attn.proj.weight", value.left.transposed(0, 1))
      }
      let prefix = Tensor.zeros([configuration.placedPrefixTokens, width])
      set("pos_embed", Tensor.concatenated([prefix, sineCosinePositions], along: 0).unsqueezed(0))
    }
  }

  /// `[patches, width]`: a quarter of the width each for sine and cosine of column and row, wavelengths up to 10000.
  /// Source: Chen, Xie and He, "An Empirical Study of Training Self-Supervised Vision Transformers" (2021), section 4.
  private var sineCosinePositions: Tensor {
    let grid = configuration.grid
    let quarter = configuration.width / 4
    var values = [Float](repeating: 0, count: configuration.patches * configuration.width)
    for (row, column) in (0..<grid.rows).flatMap({ row in (0..<grid.columns).map { (row, $0) } }) {
      let start = (row * grid.columns + column) * configuration.width
      for i in 0..<quarter {
        let frequency = pow(10_000, -Double(i) / Double(quarter))
        let (x, y) = (Double(column) * frequency, Double(row) * frequency)
        for (part, value) in [sin(x), cos(x), sin(y), cos(y)].enumerated() {
          values[start + part * quarter + i] = Float(value)
        }
      }
    }
    return Tensor(values, shape: [configuration.patches, configuration.width])
  }
}
