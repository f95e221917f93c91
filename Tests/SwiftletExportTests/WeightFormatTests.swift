import SwiftletCompression
import SwiftletPlans
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport

@Suite struct WeightFormatTests {
  /// image → first → middle → last, 16 wide.
  private func network(_ middle: [Float]) throws -> Network {
    var network = Network(graph: Graph(name: "three"))
    var numbers = SplitMix64(seed: 1)
    var x = network.graph.appendInput("input", shape: [.batch, 16])
    for (path, weights) in [("first", numbers.floats(256)), ("middle", middle), ("last", numbers.floats(256))] {
      let weight = network.addConstant("\(path).weight", shape: [16, 16], numbers: weights)
      x = try network.graph.append(.linear(weight: weight, bias: nil, activation: nil), named: path, of: [x])
    }
    network.graph.outputs = [x]
    return network
  }

  private func sparse(keeping kept: Int, of group: Int) -> [Float] {
    (0..<256).map { $0 % group < kept ? Float($0 % 7) + 1 : 0 }
  }

  private func format(
    _ network: Network, plan: CompressionPlan? = nil, precision: ExportPrecision = .uniform(.fp32), _ layer: String
  ) throws -> WeightFormat? {
    try network.weightFormats(plan: plan, precision: precision, quantizesEnds: false)["\(layer).weight"]
  }

  @Test(arguments: [(1, 4), (2, 4), (1, 8), (3, 8), (1, 16), (5, 16)])
  func `without a plan the zeros tell the pattern`(kept: Int, group: Int) throws {
    let network = try network(sparse(keeping: kept, of: group))
    #expect(try format(network, "middle")?.pattern == SparsityPattern(keeping: kept, of: group))
    #expect(try format(network, "first")?.pattern == nil)
  }

  @Test func `a layer denser than half stays dense`() throws {
    #expect(try format(network(sparse(keeping: 3, of: 4)), "middle")?.pattern == nil)
  }

  @Test func `the ends stay fp32 when all layers go to int8, unless the plan names them`() throws {
    let network = try network(sparse(keeping: 2, of: 4))
    #expect(try format(network, precision: .uniform(.int8), "first")?.precision == .fp32)
    #expect(try format(network, precision: .uniform(.int8), "middle")?.precision == .int8)
    #expect(try format(network, precision: .uniform(.int8), "last")?.precision == .fp32)
    let plan = CompressionPlan(["last": LayerChoice(pattern: .dense, precision: .int8)])
    #expect(try format(network, plan: plan, precision: .uniform(.int8), "last")?.precision == .int8)
    #expect(try format(network, plan: plan, precision: .planned, "last")?.precision == .int8)
    #expect(try format(network, plan: plan, precision: .planned, "middle")?.precision == .fp32)
  }

  @Test func `a weight too many names layer, row and group`() throws {
    var weights = sparse(keeping: 2, of: 4)
    weights[3 * 16 + 4 + 3] = 1
    let network = try network(weights)
    let plan = CompressionPlan(["middle": LayerChoice(pattern: SparsityPattern(keeping: 2, of: 4))])
    let error = #expect(throws: ExportError.self) { try format(network, plan: plan, "middle") }
    #expect(
      error?.description
        == "middle is no 2:4 layer: row 3, group 1 has 3 weights that are not zero; prune it with this plan first")
  }

  @Test func `a plan for another network is refused`() throws {
    let network = try network(sparse(keeping: 2, of: 4))
    let stranger = CompressionPlan(["centre": LayerChoice(pattern: .dense)])
    let error = #expect(throws: ExportError.self) { try format(network, plan: stranger, "middle") }
    #expect(error?.description == "the plan names centre, which is no linear layer of the model")
    let indivisible = CompressionPlan(["middle": LayerChoice(pattern: SparsityPattern(keeping: 1, of: 3))])
    let second = #expect(throws: ExportError.self) { try format(network, plan: indivisible, "middle") }
    #expect(second?.description == "middle has 16 inputs, which groups of 3 do not divide")
  }
}
