import SwiftletRuntime

extension Pass {
  /// Removes nodes, values and constants that no output depends on.
  static let removeUnused = Pass(name: "remove unused") { network in
    var needed = Set(network.graph.outputs)
    for node in network.graph.nodes.reversed() where needed.contains(node.output) {
      needed.formUnion(node.inputs)
      needed.formUnion(node.operation.parameters)
    }
    needed.formUnion(network.graph.inputs)
    network.graph.nodes.removeAll { !needed.contains($0.output) }
    network.graph.values.removeAll { !needed.contains($0.name) }
    network.graph.constants.removeAll { !needed.contains($0.name) }
    network.numbers = network.numbers.filter { needed.contains($0.key) }
  }
}
