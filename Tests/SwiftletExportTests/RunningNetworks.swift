import SwiftletRuntime
import TestSupport

@testable import SwiftletExport

extension Network {
  /// The outputs for a seeded random input, everything stored as fp32.
  func run(batch: Int, seed: UInt64) throws -> [NDArray] {
    var copy = self
    let constants = try copy.encode([:])
    let session = try Session(ModelFile(copy.graph, constants: constants), threads: 1)
    var numbers = SplitMix64(seed: seed)
    return try session.run(
      graph.inputs.compactMap { graph.value(named: $0) }.map { value in
        let shape = value.shape.map { $0.length(batch: batch) }
        return NDArray(numbers.floats(shape.reduce(1, *)), shape: shape)
      })
  }
}

/// The greatest difference of two arrays over the greatest magnitude of the first.
func maximumDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  let magnitude = a.reduce(Float(1e-30)) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { result, pair in
    let difference = abs(pair.0 - pair.1) / magnitude
    return difference.isNaN ? .infinity : max(result, difference)
  }
}
