import SwiftletModels
import SwiftletPlans
import SwiftletRuntime

/// How long the layers of one pattern and precision take on this processor, beside the same layers dense.
///
/// Fewer multiply-adds are not less time everywhere: whether a processor gathers kept weights faster than it multiplies all
/// of them depends on its instruction set, the precision and the layer's shape.
public struct KernelSpeed: Hashable, Sendable {
  public let choice: LayerChoice
  public let layers: Int
  /// The time of the sparse kernels over that of the dense ones, the best of several runs on one thread.
  public let timeOfDense: Double
  public let instructionSet: InstructionSet

  public var isSlower: Bool { timeOfDense > 1 }

  /// Measures every sparse choice on the shapes of the layers it is made for.
  ///
  /// - Parameters:
  ///   - choices: what may become of each layer, several for one if need be; layers that `work` does not know are left out.
  ///   - milliseconds: what all measurements together may take, apart from making the weights.
  public static func measure(
    _ choices: [(path: String, choice: LayerChoice)], of work: MultiplyAdds, milliseconds: Double = 700
  ) throws -> [KernelSpeed] {
    let slots = Dictionary(work.slots.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var layers: [LayerChoice: [Shape: Int]] = [:]
    var order: [LayerChoice] = []
    for (path, choice) in choices where !choice.pattern.isDense {
      guard let slot = slots[path] else { continue }
      if layers[choice] == nil { order.append(choice) }
      let shape = Shape(tokens: slot.tokens, inputs: slot.inputs, outputs: slot.outputs)
      layers[choice, default: [:]][shape, default: 0] += 1
    }
    let pieces = layers.values.reduce(0) { $0 + $1.count }
    return try order.map { choice in
      let shapes = layers[choice] ?? [:]
      var (sparse, dense) = (0.0, 0.0)
      for (shape, count) in shapes {
        let times = try shape.times(choice, milliseconds: milliseconds / Double(max(1, pieces)))
        sparse += Double(count) * times.sparse
        dense += Double(count) * times.dense
      }
      return KernelSpeed(
        choice: choice, layers: shapes.values.reduce(0, +), timeOfDense: sparse / max(dense, 1e-9),
        instructionSet: .best)
    }
  }

  /// A linear layer of a forward pass.
  struct Shape: Hashable {
    let tokens, inputs, outputs: Int

    /// The best times of the layer under a choice and dense in the same precision, in milliseconds, taken in turn.
    func times(_ choice: LayerChoice, milliseconds: Double) throws -> (sparse: Double, dense: Double) {
      let sparse = try session(WeightFormat(choice))
      let dense = try session(WeightFormat(precision: choice.precision))
      let inputs = try sparse.randomInputs(batch: 1)
      let clock = ContinuousClock()
      func time(_ session: Session) throws -> Double {
        let start = clock.now
        _ = try session.run(inputs)
        let (seconds, attoseconds) = (clock.now - start).components
        return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
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
    private func session(_ format: WeightFormat) throws -> Session {
      var graph = Graph(name: "layer")
      var network = Network(graph: graph)
      let group = format.pattern?.group ?? 1
      let kept = format.pattern?.kept ?? 1
      // The places of what is kept go round, so that no kernel meets a regularity that networks lack.
      let numbers = (0..<outputs * inputs).map { place -> Float in
        (place % group + place / group * 7) % group < kept ? Float(place &* 2_654_435_761 % 255 - 127) / 127 : 0
      }
      network.graph.constants = [Graph.Constant(name: "weight", shape: [outputs, inputs])]
      network.numbers["weight"] = numbers
      let constants = try network.encode(["weight": format])
      graph.constants = constants.map(\.constant)
      let isInt8 = format.precision == .int8
      graph.appendInput(
        "x", type: isInt8 ? .uint8 : .float32, shape: [.batch, .fixed(tokens), .fixed(inputs)],
        quantization: isInt8 ? Graph.Quantization(scale: 0.01, zeroPoint: 128) : nil)
      graph.outputs = [
        try graph.append(.linear(weight: "weight", bias: nil, activation: nil), named: "layer", of: ["x"])
      ]
      return try Session(ModelFile(graph, constants: constants), threads: 1)
    }
  }
}

extension KernelSpeed: CustomStringConvertible {
  /// `2:4 int8 takes 1.02 times the dense time on this processor (avx2), over 48 layers`.
  public var description: String {
    let hundredths = Int((100 * timeOfDense).rounded())
    let ratio = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    return "\(choice.pattern) \(choice.precision.rawValue) takes \(ratio) times the dense time on this processor "
      + "(\(instructionSet.rawValue)), over \(layers) layers: the file is smaller, and no run is faster"
  }
}
