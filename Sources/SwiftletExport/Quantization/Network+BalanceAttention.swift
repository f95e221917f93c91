import SwiftletRuntime

extension Network {
  /// A grid for each value that int8 layers read, and with `includingAttention` for those that attention does; norms before
  /// int8 layers are smoothed first.
  ///
  /// Queries and keys get the range of the values beside them, so that the three share one grid without loss. Scores are
  /// products of queries and keys, so a factor on either is taken back by the scale of the scores. The factors go into
  /// the rows of the layer that computes the three, whose int8 weights have a scale a row: the rounding of the weights is
  /// the same as before.
  mutating func grids(
    for formats: [String: WeightFormat], includingAttention: Bool, from calibration: Calibration
  ) throws -> CalibratedGrids {
    let smoothed = try smoothNorms(formats, from: calibration)
    let values = int8Values(formats, includingAttention: includingAttention)
    let seen = try calibration.observe(values, in: self)
    var histograms: [String: Histogram] = [:]
    for (value, parts) in seen.histograms {
      var whole = parts[0]
      if parts.count == 3 {
        let steps = parts.map { (calibration.rule ?? .leastSquares).quantization(of: $0).scale }
        let factors = balance(value.name, steps) ?? [1, 1, 1]
        whole = Histogram()
        for (part, factor) in zip(parts, factors) { whole.insert(part, scaledBy: factor) }
      }
      histograms[value.name] = whole
    }
    var grids = CalibratedGrids(grids: [:], rules: [:], smoothedNorms: smoothed, seen: seen)
    if let rule = calibration.rule {
      grids.grids = histograms.mapValues { rule.quantization(of: $0) }
      for name in histograms.keys { grids.rules[name.kindOfValue] = rule }
    } else {
      (grids.rules, grids.grids) = try RangeSearch(
        network: self, formats: formats, includingAttention: includingAttention, histograms: histograms, seen: seen,
        threads: calibration.threads
      ).best()
    }
    // Under another plan another value may stand for a group.
    for value in values {
      for sharer in value.sharers where grids.grids[sharer] == nil { grids.grids[sharer] = grids.grids[value.name] }
    }
    return grids
  }

  /// Scales the rows of packed queries and keys so that steps of a grid for each are as wide as a step of the values'.
  ///
  /// - Returns: the factors of queries, keys and values; nil where somebody else uses the layer's weights.
  private mutating func balance(_ packed: String, _ steps: [Float]) -> [Float]? {
    guard let layer = producer(of: packed), let linear = layer.operation.as(Graph.Linear.self),
      linear.activation == nil, layer.inputs.count == 1, isUsedOnce(linear.weight),
      linear.bias.map(isUsedOnce) ?? true
    else { return nil }
    let factors = [steps[2] / steps[0], steps[2] / steps[1], 1]
    guard factors.allSatisfy(\.isNormal) else { return nil }
    for name in [linear.weight, linear.bias].compactMap(\.self) {
      guard let count = numbers[name]?.count else { return nil }
      for i in 0..<count { numbers[name]?[i] *= factors[i / (count / 3)] }
    }
    for index in graph.nodes.indices where graph.nodes[index].inputs.first == packed {
      guard let attention = graph.nodes[index].operation.as(Graph.Attention.self) else { continue }
      graph.nodes[index].operation = .attention(
        heads: attention.heads, scale: attention.scale / (Double(factors[0]) * Double(factors[1])),
        windows: attention.windows)
    }
    return factors
  }
}
