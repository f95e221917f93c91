import SwiftletCompression
import SwiftletPlans
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport

/// Linear layers whose tokens are rounded as they run, and weights of 4 bits.
@Suite struct DynamicExportTests {
  /// input → first → middle → last, 64 wide.
  private func network() throws -> Network {
    var network = Network(graph: Graph(name: "three"))
    var numbers = SplitMix64(seed: 1)
    var x = network.graph.appendInput("input", shape: [.batch, 4, 64])
    for path in ["first", "middle", "last"] {
      let weight = network.addConstant("\(path).weight", shape: [64, 64], numbers: numbers.floats(64 * 64))
      x = try network.graph.append(.linear(weight: weight, bias: nil, activation: nil), named: path, of: [x])
    }
    network.graph.outputs = [x]
    return network
  }

  private func file(
    _ precision: ExportPrecision, _ activations: ExportActivations, quantizesEnds: Bool = true
  ) throws -> ModelFile {
    var network = try network()
    let formats = try network.weightFormats(
      plan: nil, precision: precision, activations: activations, quantizesEnds: quantizesEnds)
    network.quantizeTokens(formats)
    let constants = try network.encode(formats)
    return try ModelFile(network.graph, constants: constants)
  }

  private func outputs(_ file: ModelFile) throws -> [Float] {
    var numbers = SplitMix64(seed: 7)
    return try Session(file).run([NDArray(numbers.floats(3 * 4 * 64), shape: [3, 4, 64])])[0].floats
  }

  /// The differences of int8, and of 4 bits whose steps are a fifteenth of a group's range, grow over three layers.
  @Test(arguments: [
    (ExportPrecision.uniform(.int8), ExportActivations.dynamic, Float(0.02)), (.int4(groupSize: 32), .dynamic, 0.25),
    (.int4(groupSize: 64), .calibrated, 0.25),
  ])
  func `outputs stay near those of floats`(
    precision: ExportPrecision, activations: ExportActivations, tolerance: Float
  ) throws {
    let exact = try outputs(file(.uniform(.fp32), .calibrated))
    let found = try file(precision, activations)
    let difference = maximumDifference(exact, try outputs(found))
    #expect(difference > 0 && difference < tolerance, "\(difference)")
    let inputs = found.graph.nodes.map { $0.operation.as(Graph.Linear.self)?.input }
    #expect(inputs.allSatisfy { $0 == (activations == .dynamic ? .quantizedTokens : nil) })
  }

  @Test func `4 bits take 5 bits a weight with their scales`() throws {
    let file = try file(.int4(groupSize: 32), .dynamic)
    #expect(file.graph.constants.allSatisfy { $0.encoding == .grouped(32) })
    #expect(try ModelSummary(file).layers.allSatisfy { $0.bytes == 64 * 64 * 5 / 8 })
  }

  @Test func `the ends stay in floats unless they are asked for`() throws {
    let file = try file(.uniform(.int8), .dynamic, quantizesEnds: false)
    let inputs = file.graph.nodes.map { $0.operation.as(Graph.Linear.self)?.input }
    #expect(inputs == [nil, .quantizedTokens, nil])
  }

  @Test func `what does not fit is refused with its reason`() throws {
    func refuses(
      _ expected: String, _ precision: ExportPrecision, _ activations: ExportActivations, plan: CompressionPlan? = nil
    ) throws {
      let network = try network()
      let error = #expect(throws: ExportError.self) {
        try network.weightFormats(plan: plan, precision: precision, activations: activations, quantizesEnds: true)
      }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses("there is none", .uniform(.fp32), .dynamic)
    try refuses("first has 64 inputs, which groups of 128 do not divide", .int4(groupSize: 128), .calibrated)
    try refuses("32, 64 or 128, not 16", .int4(groupSize: 16), .dynamic)
  }
}
