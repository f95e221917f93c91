import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// What a calibration text tells of one layer of attention.
public struct KeyValueStatistics {
  /// Of what keys and values are computed from.
  public private(set) var inputs: InputProducts
  /// The sum of squares of each channel of the queries, before positions turn them: `[heads, headWidth]`, float64.
  public private(set) var queryEnergies: Tensor
  /// Some of the inputs as they were, `[tokens, width]`; nil where none was asked for.
  public private(set) var samples: Tensor?
  /// The sums of `x yᵀ` over the tokens, for what the attention one, two, … layers before read, `y`: `[width, width]` each,
  /// float64.
  public private(set) var earlier: [Tensor] = []
  private let samplesAtATime: Int
  private var additions = 0

  /// - Parameter samplesAtATime: how many tokens to keep of those that are added together, evenly spaced.
  public init(of attention: LlamaAttention, inputs width: Int, samplesAtATime: Int = 0) {
    inputs = InputProducts(inputs: width)
    self.samplesAtATime = samplesAtATime
    queryEnergies = .zeros([attention.heads, attention.headWidth], dataType: .float64)
  }

  /// Adds what the attention reads, `[batch, tokens, width]`.
  ///
  /// - Parameter earlier: what the attention one, two, … layers before read of the same tokens.
  public mutating func add(_ x: Tensor, to attention: LlamaAttention, after earlier: [Tensor] = []) {
    withNoGradient {
      let rows = x.detached().reshaped([-1, x.shape[2]])
      if samplesAtATime > 0 {
        let tokens = rows.shape[0]
        let kept = min(samplesAtATime, tokens)
        // From the middle of a step on, and elsewhere each time: the first tokens of windows are of another kind, and few.
        let step = max(1, tokens / kept)
        let start = (step / 2 + additions * 7919) % step
        additions += 1
        let places = (0..<kept).map { Int64($0 * tokens / kept + start) }
        let part = rows.indexSelect(along: 0, Tensor(places, shape: [kept], device: rows.device))
        samples = samples.map { .concatenated([$0, part], along: 0) } ?? part
      }
      inputs.add(x)
      for (place, y) in earlier.enumerated() {
        let products = rows.transposed(0, 1).matmul(y.detached().reshaped(rows.shape)).cast(to: .float64)
        if place < self.earlier.count {
          self.earlier[place] = self.earlier[place] + products.to(device: self.earlier[place].device)
        } else {
          self.earlier.append(products)
        }
      }
      let queries = attention.query(x).reshaped([-1, attention.heads, attention.headWidth]).cast(to: .float64)
      queryEnergies = queryEnergies + (queries * queries).sum(along: [0]).to(device: queryEnergies.device)
    }
  }
}

extension LlamaModel {
  /// Statistics of every layer for token ids, a batch after the other, so that memory does not grow with the text; nothing is
  /// changed.
  ///
  /// - Parameters:
  ///   - batches: `[batch, tokens]` each.
  ///   - samplesPerBatch: how many tokens' inputs are kept as they are.
  ///   - layerGroup: neighbouring layers that may share a latent.
  /// - Throws: what `progress` throws, which is told after each batch how many are done.
  public func keyValueStatistics(
    on batches: [Tensor], samplesPerBatch: Int = 0, layerGroup: Int = 1,
    progress: (_ batches: Int) throws -> Void = { _ in }
  ) throws -> [KeyValueStatistics] {
    var found = blocks.map {
      KeyValueStatistics(of: $0.attention, inputs: configuration.width, samplesAtATime: samplesPerBatch)
    }
    for (number, batch) in batches.enumerated() {
      // The newest first.
      var earlier: [Tensor] = []
      forEachAttentionInput(of: batch) { layer, attention, x in
        found[layer].add(x, to: attention, after: earlier)
        earlier = Array(([x] + earlier).prefix(layerGroup - 1))
      }
      try progress(number + 1)
    }
    return found
  }
}

/// What an error of keys or values costs, for ``LowRankDecomposition``.
public enum OutputWeighting {
  /// Of the keys of some heads: a channel counts by the energy of the queries that multiply it. Where positions turn pairs of
  /// channels, both of a pair count the same, since they take each other's place.
  ///
  /// - Parameter heads: of keys.
  /// - Returns: diagonal, `[heads · headWidth, heads · headWidth]`.
  public static func keys(
    _ heads: Range<Int>, of attention: LlamaAttention, _ statistics: KeyValueStatistics, turned: Bool
  ) -> Tensor {
    withNoGradient {
      let shared = attention.heads / attention.keyHeads
      let width = attention.headWidth
      var energies = statistics.queryEnergies.reshaped([attention.keyHeads, shared, width]).sum(along: [1])
      if turned {
        let halves = energies.reshaped([attention.keyHeads, 2, width / 2]).sum(along: [1], keepingAxes: true)
        energies = (halves * 0.5).expanded([attention.keyHeads, 2, width / 2]).reshaped([attention.keyHeads, width])
      }
      let values = energies.narrowed(along: 0, from: heads.lowerBound, count: heads.count).scalars(as: Double.self)
      let size = values.count
      var matrix = [Double](repeating: 0, count: size * size)
      for (i, value) in values.enumerated() { matrix[i * size + i] = value }
      return Tensor(matrix, shape: [size, size])
    }
  }

  /// Of the values of some heads: an error counts by what the output layer makes of it, `Σ W_oᵀ W_o` over the heads of
  /// queries that read it; heads do not share errors, as they look at other tokens.
  ///
  /// - Parameter output: the weight of the output layer, `[width, heads · headWidth]`.
  public static func values(_ heads: Range<Int>, of attention: LlamaAttention, output: Tensor) -> Tensor {
    withNoGradient {
      let shared = attention.heads / attention.keyHeads
      let width = attention.headWidth
      let size = heads.count * width
      let matrix = Tensor.zeros([size, size], dataType: .float64)
      for (place, head) in heads.enumerated() {
        let columns = output.detached().cast(to: .float64)
          .narrowed(along: 1, from: head * shared * width, count: shared * width)
          .reshaped([-1, width])  // every row of every query's part
        let block = matrix.narrowed(along: 0, from: place * width, count: width)
          .narrowed(along: 1, from: place * width, count: width)
        block.addInPlace(columns.transposed(0, 1).matmul(columns))
      }
      return matrix
    }
  }
}
