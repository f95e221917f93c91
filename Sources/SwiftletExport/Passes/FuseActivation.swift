import SwiftletRuntime

extension Pass {
  /// `activation(linear(x))` becomes one linear with that activation.
  static let fuseActivation = Pass(name: "fuse activation") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard case .activation(let activation) = node.operation, let source = node.inputs.first,
        let linear = network.producer(of: source), network.isReadOnce(source), linear.inputs.count == 1,
        case .linear(let weight, let bias, nil) = linear.operation
      else { continue }
      network.graph.nodes[index] = Graph.Node(
        name: linear.name, operation: .linear(weight: weight, bias: bias, activation: activation),
        inputs: linear.inputs, output: node.output)
    }
    try removeUnused.apply(&network)
  }
}
