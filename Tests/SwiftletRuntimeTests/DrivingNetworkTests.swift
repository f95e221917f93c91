import RuntimeTestSupport
import SwiftletBenchmarkKit
import Testing

@testable import SwiftletRuntime

/// A whole network of convolutions, pools and resizes, narrow and of a small picture.
@Suite(.everyInstructionSet, .namingInstructionSet) struct DrivingNetworkTests {
  typealias Sparsity = RandomDrivingNetwork.Sparsity

  static let sparsities: [Sparsity] = [.dense, .uniform(.init(keeping: 2, of: 4)), .mixed]

  static func network(_ precision: Precision, _ sparsity: Sparsity) -> RandomDrivingNetwork {
    var network = RandomDrivingNetwork(precision: precision, sparsity: sparsity)
    network.width = 0.125
    network.size = (32, 64)
    return network
  }

  @Test(arguments: Precision.allCases)
  func `maps are joined where they are written, and none is copied`(precision: Precision) throws {
    let session = try Session(Self.network(precision, .mixed).model())
    let steps = try session.withExecution(batch: 2) { execution in
      execution.steps.map { (kind: type(of: $0.node.operation).name, isIdle: $0.job == nil) }
    }
    #expect(steps.allSatisfy { $0.isIdle == ($0.kind == "concatenate") })
    #expect(!steps.contains { $0.kind == "permute" })
  }

  /// Oracle: sums in double precision.
  @Test(arguments: sparsities) func `its numbers are those of the reference`(sparsity: Sparsity) throws {
    let file = try Self.network(.fp32, sparsity).model()
    let session = try Session(file, threads: 2)
    let inputs = try session.randomInputs(batch: 1)
    let expected = ReferenceInterpreter.run(file, inputs, batch: 1)
    let found = try session.run(inputs)
    #expect(found.map(\.shape) == [[1, 27, 4, 8], [1, 27, 2, 4], [1, 27, 1, 2], [1, 3, 32, 64], [1, 4, 32, 64]])
    for (output, reference) in zip(found, expected) {
      let magnitude = reference.data.map(abs).max() ?? 1
      #expect(magnitude > 1e-2 && output.floats.largestDifference(from: reference.data) <= 1e-4 * max(1, magnitude))
    }
  }

  /// Oracle: the scalar kernels.
  @Test(arguments: sparsities) func `in int8 every instruction set gives the same bits`(sparsity: Sparsity) throws {
    let file = try Self.network(.int8, sparsity).model()
    let session = try Session(file, threads: 2)
    let inputs = try session.randomInputs(batch: 2)
    #expect(try session.run(inputs) == Session(file, threads: 1, instructionSet: .scalar).run(inputs))
  }
}
