import SwiftletRuntime

extension Pass {
  /// `activation(linear(x))` becomes one linear with that activation.
  static let fuseActivation = Pass(name: "fuse activation") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard let activation = node.operation.as(Graph.Activate.self)?.activation, let source = node.inputs.first,
        let linear = network.producer(of: source), network.isReadOnce(source), linear.inputs.count == 1,
        let plain = linear.operation.as(Graph.Linear.self), plain.activation == nil
      else { continue }
      network.graph.nodes[index] = Graph.Node(
        name: linear.name, operation: .linear(weight: plain.weight, bias: plain.bias, activation: activation),
        inputs: linear.inputs, output: node.output)
    }
    try removeUnused.apply(&network)
  }
}
