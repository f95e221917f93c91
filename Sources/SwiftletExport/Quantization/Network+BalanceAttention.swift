import SwiftletRuntime

extension Network {
  /// A grid for each value that int8 layers read, and with `includingAttention` for those that attention does.
  ///
  /// Queries and keys get the range of the values beside them, so that the three share one grid without loss. Scores are
  /// products of queries and keys, so a factor on either is taken back by the scale of the scores. The factors go into
  /// the rows of the layer that computes the three, whose int8 weights have a scale a row: the rounding of the weights is
  /// the same as before.
  mutating func grids(
    for formats: [String: WeightFormat], includingAttention: Bool, from calibration: Calibration
  ) throws -> [String: Graph.Quantization] {
    let values = int8Values(formats, includingAttention: includingAttention)
    var grids: [String: Graph.Quantization] = [:]
    for (value, parts) in try calibration.histograms(of: values, in: self) {
      var whole = parts[0]
      if parts.count == 3 {
        let steps = parts.map { calibration.rule.quantization(of: $0).scale }
        let factors = balance(value.name, steps) ?? [1, 1, 1]
        whole = Histogram()
        for (part, factor) in zip(parts, factors) { whole.insert(part, scaledBy: factor) }
      }
      grids[value.name] = calibration.rule.quantization(of: whole)
    }
    return grids
  }

  /// Scales the rows of packed queries and keys so that steps of a grid for each are as wide as a step of the values'.
  ///
  /// - Returns: the factors of queries, keys and values; nil where somebody else uses the layer's weights.
  private mutating func balance(_ packed: String, _ steps: [Float]) -> [Float]? {
    guard let layer = producer(of: packed), case .linear(let weight, let bias, nil) = layer.operation,
      layer.inputs.count == 1,
      isUsedOnce(weight), bias.map(isUsedOnce) ?? true
    else { return nil }
    let factors = [steps[2] / steps[0], steps[2] / steps[1], 1]
    guard factors.allSatisfy(\.isNormal) else { return nil }
    for name in [weight, bias].compactMap(\.self) {
      guard let count = numbers[name]?.count else { return nil }
      for i in 0..<count { numbers[name]?[i] *= factors[i / (count / 3)] }
    }
    for index in graph.nodes.indices where graph.nodes[index].inputs.first == packed {
      guard case .attention(let heads, let scale, let windows) = graph.nodes[index].operation else { continue }
      graph.nodes[index].operation = .attention(
        heads: heads, scale: scale / (Double(factors[0]) * Double(factors[1])), windows: windows)
    }
    return factors
  }
}
