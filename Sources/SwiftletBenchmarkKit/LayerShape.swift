import SwiftletRuntime

/// A linear layer of a forward pass, for timing it alone.
public struct LayerShape: Hashable, Sendable {
  public let tokens, inputs, outputs: Int

  public init(tokens: Int, inputs: Int, outputs: Int) {
    (self.tokens, self.inputs, self.outputs) = (tokens, inputs, outputs)
  }

  /// The best times of the layer under a pattern and dense in the same precision, in milliseconds, taken in turn on one
  /// thread until both together have taken so many milliseconds.
  public func times(
    _ pattern: SparsityPattern, _ precision: Precision, milliseconds: Double
  ) throws -> (sparse: Double, dense: Double) {
    let sparse = try session(pattern, precision)
    let dense = try session(.dense, precision)
    let inputs = try sparse.randomInputs(batch: 1)
    let clock = ContinuousClock()
    func time(_ session: Session) throws -> Double {
      let start = clock.now
      _ = try session.run(inputs)
      return (clock.now - start).milliseconds
    }
    var best = (sparse: Double.infinity, dense: Double.infinity)
    var spent = 0.0
    for round in 0... {
      let pair = (try time(sparse), try time(dense))
      if round > 0 { best = (min(best.sparse, pair.0), min(best.dense, pair.1)) }
      spent += pair.0 + pair.1
      if round > 1, spent > milliseconds { break }
    }
    return best
  }

  /// The layer alone, on one thread.
  private func session(_ pattern: SparsityPattern, _ precision: Precision) throws -> Session {
    // The places of what is kept go round, so that no kernel meets a regularity that networks lack.
    let numbers = (0..<outputs * inputs).map { place in
      (place % pattern.group + place / pattern.group * 7) % pattern.group < pattern.kept
        ? Int8(place &* 2_654_435_761 % 255 - 127) : 0
    }
    let (shape, stored) = ([outputs, inputs], pattern.isDense ? nil : pattern)
    let weight =
      switch precision {
      case .int8:
        try EncodedConstant(
          name: "weight", shape: shape, int8: numbers, scales: [Float](repeating: 1 / 127, count: outputs),
          pattern: stored)
      case .fp32, .bf16:
        try EncodedConstant(
          name: "weight", shape: shape, floats: numbers.map { Float($0) / 127 },
          type: precision == .fp32 ? .float32 : .bfloat16, pattern: stored)
      }
    var graph = Graph(name: "layer")
    graph.constants = [weight.constant]
    let isInt8 = precision == .int8
    graph.appendInput(
      "x", type: isInt8 ? .uint8 : .float32, shape: [.batch, .fixed(tokens), .fixed(inputs)],
      quantization: isInt8 ? Graph.Quantization(scale: 0.01, zeroPoint: 128) : nil)
    graph.outputs = [
      try graph.append(.linear(weight: "weight", bias: nil, activation: nil), named: "layer", of: ["x"])
    ]
    return try Session(ModelFile(graph, constants: [weight]), threads: 1)
  }
}
