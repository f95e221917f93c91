@testable import SwiftletRuntime

/// Runs each node of a graph as a graph of its own, so that no two values ever share memory: the oracle, bit for bit, for
/// what a session does with the places of values.
struct NodeByNode {
  let file: ModelFile
  let constants: [EncodedConstant]
  private(set) var values: [String: NDArray] = [:]

  /// Computes every value for inputs in the graph's order.
  init(_ builder: ModelBuilder, _ inputs: [NDArray], threads: Int = 1) throws {
    (file, constants) = (try builder.file(), builder.constants)
    for (name, input) in zip(file.graph.inputs, inputs) { values[name] = input }
    for node in file.graph.nodes {
      let session = try Session(alone(node), threads: threads)
      let arguments = session.model.graph.inputs.compactMap { values[$0] }
      values[node.output] = try session.run(arguments)[0]
    }
  }

  private func alone(_ node: Graph.Node) throws -> ModelFile {
    let used = Set(node.inputs + node.operation.parameters)
    var graph = Graph(name: node.name, axes: file.graph.axes, nodes: [node], outputs: [node.output])
    graph.values = file.graph.values.filter { used.contains($0.name) || $0.name == node.output }
    graph.inputs = graph.values.map(\.name).filter { $0 != node.output }
    let constants = constants.filter { used.contains($0.constant.name) }
    graph.constants = constants.map(\.constant)
    return try ModelFile(graph, constants: constants)
  }
}
