import SwiftletRuntime

extension Pass {
  /// `activation(a) * b` becomes one gate, where no layer before it has taken the activation.
  static let fuseGate = Pass(name: "fuse gate") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard node.operation == .multiply else { continue }
      for (gate, b) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let activation = network.producer(of: gate), network.isReadOnce(gate), gate != b,
          let kind = activation.operation.as(Graph.Activate.self)?.activation,
          let shape = network.graph.value(named: b)?.shape, shape == network.shape(of: activation.inputs[0]),
          network.graph.value(named: activation.inputs[0]) != nil
        else { continue }
        network.graph.nodes[index].operation = .gate(kind)
        network.graph.nodes[index].inputs = [activation.inputs[0], b]
        break
      }
    }
    try removeUnused.apply(&network)
  }
}
