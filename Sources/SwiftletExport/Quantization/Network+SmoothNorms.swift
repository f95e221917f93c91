import Foundation
import SwiftletRuntime
import SwiftletTensor

extension Network {
  /// Takes scale from the channels of a norm's output that are large, and gives it to the columns of the int8 layers that
  /// read it, where that leaves the layers' outputs closer to what they were: one grid of 256 steps serves all channels of
  /// a value, and a channel 300 times as wide as the others leaves these a single step.
  ///
  /// Channel `j` is divided by `max|x_j|^α / max|w_j|^(1 - α)`, and the column multiplied by it; of several `α`, and of
  /// leaving it, the one is taken that errs least on calibration inputs. Here the factors are rounded to powers of two, so
  /// that the network in floats computes the same, bit for bit, and zeros stay zeros.
  /// Source: Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models"
  /// (2023), section 4.
  ///
  /// - Returns: the outputs of the norms that were changed.
  mutating func smoothNorms(_ formats: [String: WeightFormat], from calibration: Calibration) throws -> [String] {
    let norms = smoothableNorms(formats)
    guard !norms.isEmpty else { return [] }
    var samples = Dictionary(norms.map { ($0.output, ChannelSample(width: $0.width)) }, uniquingKeysWith: { $1 })
    try calibration.evenlySpaced(ChannelSample.batches).run(self, watching: Set(norms.map(\.output))) {
      value, elements in
      samples[value.name]?.insert(elements)
    }
    var changed: [String] = []
    for norm in norms {
      let weights = norm.weights.compactMap { name in
        numbers[name].map { Tensor($0, shape: [$0.count / norm.width, norm.width]) }
      }
      guard let sample = samples[norm.output], !sample.rows.isEmpty,
        let factors = sample.factors(for: Tensor.concatenated(weights, along: 0))
      else { continue }
      for name in norm.parameters {
        for j in 0..<norm.width { numbers[name]?[j] /= factors[j] }
      }
      for name in norm.weights {
        for place in numbers[name]?.indices ?? 0..<0 { numbers[name]?[place] *= factors[place % norm.width] }
      }
      changed.append(norm.output)
    }
    return changed
  }

  /// A norm that int8 layers alone read.
  private struct SmoothableNorm {
    var output: String
    var width: Int
    /// Its weight and bias.
    var parameters: [String]
    /// Of the layers that read it.
    var weights: [String]
  }

  private func smoothableNorms(_ formats: [String: WeightFormat]) -> [SmoothableNorm] {
    graph.nodes.compactMap { node in
      guard let norm = node.operation.as(Graph.LayerNorm.self), let weight = norm.weight,
        !graph.outputs.contains(node.output), let width = graph.constant(named: weight)?.shape.first
      else { return nil }
      let layers = readers(of: node.output)
      let weights = layers.compactMap { reader -> String? in
        guard let weight = reader.operation.as(Graph.Linear.self)?.weight, formats[weight]?.precision == .int8,
          reader.inputs.first == node.output, !reader.inputs.dropFirst().contains(node.output)
        else { return nil }
        return weight
      }
      let parameters = [weight] + [norm.bias].compactMap(\.self)
      let isItsOwn = (parameters + weights).allSatisfy { name in
        graph.nodes.count { $0.inputs.contains(name) || $0.operation.parameters.contains(name) } == 1
      }
      guard !layers.isEmpty, weights.count == layers.count, isItsOwn else { return nil }
      return SmoothableNorm(output: node.output, width: width, parameters: parameters, weights: weights)
    }
  }
}

/// Some rows of a value, and the greatest magnitude that each channel had in all of them.
private struct ChannelSample {
  /// Batches that are looked at, and rows that are kept of each.
  static let batches = 4
  static let rowsPerBatch = 96
  /// Shares of the activations' scale that move into the weights.
  static let shares = [0.25, 0.5, 0.75, 1]
  /// Smoothing has to save at least this much of the error.
  static let worthwhile = 0.9

  let width: Int
  private(set) var rows: [Float] = []
  private var largest: [Float]

  init(width: Int) { (self.width, largest) = (width, Array(repeating: 0, count: width)) }

  mutating func insert(_ elements: UnsafeBufferPointer<Float>) {
    let count = elements.count / width
    for row in 0..<count {
      for j in 0..<width { largest[j] = max(largest[j], abs(elements[row * width + j])) }
    }
    let kept = min(count, Self.rowsPerBatch)
    for index in 0..<kept {
      let start = index * count / kept * width
      rows.append(contentsOf: elements[start..<start + width])
    }
  }

  /// The power of two that each channel is to be divided by; nil where nothing is worth it.
  func factors(for weight: Tensor) -> [Float]? {
    withNoGradient {
      let x = Tensor(rows, shape: [rows.count / width, width])
      let exact = x.linear(weight: weight)
      func error(_ factors: [Float]) -> Double {
        let s = Tensor(factors, shape: [width])
        return ((x / s).onGrid().linear(weight: (weight * s).onRowGrids()) - exact).norm().item()
      }
      let columns = weight.abs().max(along: [0]).scalars(as: Float.self)
      let unchanged = error(Array(repeating: 1, count: width))
      var best: (factors: [Float], error: Double)?
      for share in Self.shares {
        let factors = Self.factors(activations: largest, weights: columns, share: share)
        let error = error(factors)
        if error < best?.error ?? (Self.worthwhile * unchanged) { best = (factors, error) }
      }
      return best?.factors
    }
  }

  /// Powers of two around the geometric mean of what the formula gives. A channel whose column is zero, as pruning leaves
  /// them, is brought down to the size of the others.
  private static func factors(activations: [Float], weights: [Float], share: Double) -> [Float] {
    let (x, w) = (activations.map { log2(Double($0)) }, weights.map { log2(Double($0)) })
    let both = x.indices.filter { x[$0].isFinite && w[$0].isFinite }
    guard !both.isEmpty else { return activations.map { _ in 1 } }
    func mean(_ value: (Int) -> Double) -> Double { both.reduce(0) { $0 + value($1) } / Double(both.count) }
    let exponent = { (j: Int) in share * x[j] - (1 - share) * w[j] }
    let (middle, typical) = (mean(exponent), mean { x[$0] })
    return x.indices.map { j in
      guard x[j].isFinite else { return 1 }
      let exponent = w[j].isFinite ? exponent(j) - middle : max(0, x[j] - typical)
      return Float(sign: .plus, exponent: Int(max(-24, min(24, exponent.rounded()))), significand: 1)
    }
  }
}

extension Tensor {
  /// Rounded to 256 steps over all values.
  fileprivate func onGrid() -> Tensor {
    let grid = Graph.Quantization(covering: Float(min().item()), Float(max().item()))
    let (scale, zero) = (Double(grid.scale), Double(grid.zeroPoint))
    return ((self / scale).rounded() + zero).clampInPlace(min: 0, max: 255).addInPlace(-zero).mulInPlace(scale)
  }

  /// Rounded to 255 steps over each row.
  fileprivate func onRowGrids() -> Tensor {
    let steps = (abs().max(along: [1], keepingAxes: true) / 127).clampInPlace(min: 1e-30)
    return (self / steps).rounded() * steps
  }
}
