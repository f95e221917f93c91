import SwiftletBenchmarkKit
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
    var layers: [LayerChoice: [LayerShape: Int]] = [:]
    var order: [LayerChoice] = []
    for (path, choice) in choices where !choice.sparsity.isDense {
      guard let slot = slots[path] else { continue }
      if layers[choice] == nil { order.append(choice) }
      let shape = LayerShape(tokens: slot.positions, inputs: slot.inputs, outputs: slot.outputs)
      layers[choice, default: [:]][shape, default: 0] += 1
    }
    let pieces = layers.values.reduce(0) { $0 + $1.count }
    return try order.map { choice in
      let shapes = layers[choice] ?? [:]
      var (sparse, dense) = (0.0, 0.0)
      for (shape, count) in shapes {
        let times = try shape.times(
          choice.sparsity, choice.format, milliseconds: milliseconds / Double(max(1, pieces)))
        sparse += Double(count) * times.sparse
        dense += Double(count) * times.dense
      }
      return KernelSpeed(
        choice: choice, layers: shapes.values.reduce(0, +), timeOfDense: sparse / max(dense, 1e-9),
        instructionSet: .best)
    }
  }
}

extension KernelSpeed: CustomStringConvertible {
  /// `2:4 int8 takes 1.02 times the dense time on this processor (avx2), over 48 layers`.
  public var description: String {
    let hundredths = Int((100 * timeOfDense).rounded())
    let ratio = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    return "\(choice.sparsity) \(choice.format.rawValue) takes \(ratio) times the dense time on this processor "
      + "(\(instructionSet.rawValue)), over \(layers) layers: the file is smaller, and no run is faster"
  }
}
