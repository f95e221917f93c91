import SwiftletFiles
import SwiftletRuntime

extension Session {
  /// Inputs of a batch size with floats in -1...1, or any integers below 256; the same for the same seed.
  public func randomInputs(batch: Int, seed: UInt64 = 1) throws(SessionError) -> [NDArray] {
    try randomInputs(at: model.graph.lengths(batch: batch), seed: seed)
  }

  /// The same at certain lengths of the axes.
  public func randomInputs(at lengths: Graph.AxisLengths, seed: UInt64 = 1) throws(SessionError) -> [NDArray] {
    // The plan refuses lengths whose values would not fit into memory, and inputs are values.
    _ = try arenaByteCount(at: lengths)
    var generator = SplitMix64(seed: seed)
    return model.graph.inputs.compactMap { model.graph.value(named: $0) }.map { value in
      let shape = value.shape.map { $0.length(lengths) }
      let count = shape.reduce(1, *)
      return switch value.type {
      case .uint8: NDArray(.uint8((0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }), shape: shape)
      case .int64: NDArray(.int64((0..<count).map { _ in Int64(generator.next() & 0xFF) }), shape: shape)
      case .float32, .bfloat16, .float16, .int8, .uint4:
        NDArray((0..<count).map { _ in Float(generator.next() >> 40) / Float(1 << 23) - 1 }, shape: shape)
      }
    }
  }
}
