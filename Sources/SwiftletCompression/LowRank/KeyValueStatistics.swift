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
  private let samplesAtATime: Int

  /// - Parameter samplesAtATime: how many tokens to keep of those that are added together, evenly spaced.
  public init(of attention: LlamaAttention, inputs width: Int, samplesAtATime: Int = 0) {
    inputs = InputProducts(inputs: width)
    self.samplesAtATime = samplesAtATime
    queryEnergies = .zeros([attention.heads, attention.headWidth], dataType: .float64)
  }

  /// Adds what the attention reads, `[batch, tokens, width]`.
  public mutating func add(_ x: Tensor, to attention: LlamaAttention) {
    withNoGradient {
      let rows = x.detached().reshaped([-1, x.shape[2]])
      if samplesAtATime > 0 {
        let tokens = rows.shape[0]
        let kept = min(samplesAtATime, tokens)
        let places = (0..<kept).map { Int64($0 * tokens / kept) }
        let part = rows.indexSelect(along: 0, Tensor(places, shape: [kept], device: rows.device))
        samples = samples.map { .concatenated([$0, part], along: 0) } ?? part
      }
      inputs.add(x)
      let queries = attention.query(x).reshaped([-1, attention.heads, attention.headWidth]).cast(to: .float64)
      queryEnergies = queryEnergies + (queries * queries).sum(along: [0]).to(device: queryEnergies.device)
    }
  }
}

extension LlamaModel {
  /// Statistics of every layer for token ids, a layer after the other; nothing is changed.
  ///
  /// - Parameters:
  ///   - batches: `[batch, tokens]` each.
  ///   - samplesPerBatch: how many tokens' inputs are kept as they are.
  /// - Throws: what `progress` throws, which is told after each layer.
  public func keyValueStatistics(
    on batches: [Tensor], samplesPerBatch: Int = 0, progress: (_ layer: Int) throws -> Void = { _ in }
  ) throws -> [KeyValueStatistics] {
    var found = blocks.map {
      KeyValueStatistics(of: $0.attention, inputs: configuration.width, samplesAtATime: samplesPerBatch)
    }
    try forEachAttentionInput(of: batches) { layer, attention, x in
      found[layer].add(x, to: attention)
    } afterEach: { layer, _ in
      try progress(layer)
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
