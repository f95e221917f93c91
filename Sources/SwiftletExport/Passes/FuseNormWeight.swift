import SwiftletRuntime

extension Pass {
  /// A norm by the root of the mean square takes the weights that it is multiplied by.
  static let fuseNormWeight = Pass(name: "fuse norm weight") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard node.operation == .multiply else { continue }
      for (x, weight) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let producer = network.producer(of: x), network.isReadOnce(x),
          let norm = producer.operation.as(Graph.RMSNorm.self), norm.weight == nil,
          let constant = network.graph.constant(named: weight),
          let width = constant.shape.first, constant.shape.count == 1, network.shape(of: x)?.last == .fixed(width)
        else { continue }
        network.graph.nodes[index] = Graph.Node(
          name: node.name, operation: .rmsNorm(weight: weight, epsilon: norm.epsilon), inputs: producer.inputs,
          output: node.output)
        break
      }
    }
    try removeUnused.apply(&network)
  }
}
