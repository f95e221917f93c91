import SwiftletRuntime

extension Pass {
  /// `linear(x) + residual` becomes one linear that adds its residual while it writes.
  static let fuseResidual = Pass(name: "fuse residual") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard node.operation == .add, node.inputs.count == 2 else { continue }
      // The branch of a residual block is the operand computed last: the other one has stood since before the block.
      let operands = [(node.inputs[1], node.inputs[0]), (node.inputs[0], node.inputs[1])]
      for (branch, residual) in operands {
        guard let linear = network.producer(of: branch), network.isReadOnce(branch), linear.inputs.count == 1,
          linear.operation.is(Graph.Linear.self), network.graph.value(named: residual) != nil,
          network.shape(of: branch) == network.shape(of: residual)
        else { continue }
        network.graph.nodes[index] = Graph.Node(
          name: linear.name, operation: linear.operation, inputs: linear.inputs + [residual], output: node.output)
        break
      }
    }
    try removeUnused.apply(&network)
  }
}
