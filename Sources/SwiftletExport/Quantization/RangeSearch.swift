import SwiftletRuntime

/// Chooses for each kind of value the rule that its ranges follow, by what the choice does to the network's scores.
///
/// Which rule is best depends on the network: the least squared error of a value clips the few huge activations that
/// pretrained transformers live by, and the extremes waste steps where there are none. The candidates are tried for the
/// whole network first, and then for one kind of value at a time, in the order of the forward pass; what moves the scores
/// least stays. Values are of one kind where their names differ in numbers alone: `blocks.0.norm1` and `blocks.7.norm1`.
struct RangeSearch {
  static let candidates: [RangeRule] = [.leastSquares, .minMax, .percentile(99.99)]
  /// Images that a choice is judged by.
  static let images = 128
  /// A rule replaces another for one kind of value where it moves the scores by less than this share.
  static let worthwhile = 0.98

  /// In fp32, queries and keys balanced.
  let network: Network
  let formats: [String: WeightFormat]
  let includingAttention: Bool
  let histograms: [String: Histogram]
  let seen: Calibration.Observation
  let threads: Int

  /// The rule for each kind of value, and the grids that follow.
  func best() throws -> (rules: [String: RangeRule], grids: [String: Graph.Quantization]) {
    var packed = network
    let constants = try packed.encode(formats)
    let grids = Self.candidates.map { rule in histograms.mapValues { rule.quantization(of: $0) } }
    var kinds: [String] = []
    for name in network.graph.values.map(\.name) where histograms[name] != nil && !kinds.contains(name.kindOfValue) {
      kinds.append(name.kindOfValue)
    }

    func chosen(_ choice: [String: Int]) -> [String: Graph.Quantization] {
      Dictionary(
        histograms.keys.map { ($0, grids[choice[$0.kindOfValue] ?? 0][$0] ?? .init(scale: 1, zeroPoint: 0)) },
        uniquingKeysWith: { first, _ in first })
    }
    func movement(_ choice: [String: Int]) throws -> Double {
      var quantized = packed
      try quantized.quantizeActivations(formats, to: chosen(choice), includingAttention: includingAttention)
      return try seen.change(
        of: Session(ModelFile(quantized.graph, constants: constants), threads: threads), images: Self.images
      ).movement
    }

    var (best, least) = ([String: Int](), Double.infinity)
    for candidate in Self.candidates.indices {
      let choice = Dictionary(kinds.map { ($0, candidate) }, uniquingKeysWith: { first, _ in first })
      let moved = try movement(choice)
      if best.isEmpty || moved < least { (best, least) = (choice, moved) }
    }
    if kinds.count > 1 {
      for kind in kinds {
        for candidate in Self.candidates.indices where candidate != best[kind] {
          var choice = best
          choice[kind] = candidate
          let moved = try movement(choice)
          if moved < Self.worthwhile * least { (best, least) = (choice, moved) }
        }
      }
    }
    return (best.mapValues { Self.candidates[$0] }, chosen(best))
  }
}

extension Calibration.Observation {
  /// How far a network's scores on the batches are from those that were seen.
  ///
  /// - Parameter images: the batches are left out, evenly, until about so many images remain; nil takes all.
  func change(of session: Session, images: Int? = nil) throws -> ScoreChange {
    var change = ScoreChange()
    let perBatch = max(1, inputs.first?.first?.shape.first ?? 1)
    let count = images.map { max(1, min(inputs.count, $0 / perBatch)) } ?? inputs.count
    for index in 0..<count {
      let place = index * inputs.count / count
      change.add(
        try session.run(inputs[place]).map(\.floats), expected: scores[place],
        samples: inputs[place].first?.shape.first ?? 1)
    }
    return change
  }
}

extension String {
  /// `blocks.norm1` of `blocks.7.norm1`: what a value's name shares with its like in other blocks.
  var kindOfValue: String { split(separator: ".").filter { Int($0) == nil }.joined(separator: ".") }
}
