import SwiftletRuntime

extension Pass {
  /// `activation(linear(x))` becomes one linear with that activation, and so does a convolution's, also behind a reshape.
  static let fuseActivation = Pass(name: "fuse activation") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard let activation = node.operation.as(Graph.Activate.self)?.activation, let source = node.inputs.first else {
        continue
      }
      if let index = network.convolution(computing: source),
        let fused = network.graph.nodes[index].operation.convolution(with: activation)
      {
        network.graph.nodes[index].operation = fused
        network.replaceUses(of: node.output, with: source)
        continue
      }
      guard let linear = network.producer(of: source), network.isReadOnce(source), linear.inputs.count == 1,
        let plain = linear.operation.as(Graph.Linear.self), plain.activation == nil
      else { continue }
      network.graph.nodes[index] = Graph.Node(
        name: linear.name, operation: .linear(weight: plain.weight, bias: plain.bias, activation: activation),
        inputs: linear.inputs, output: node.output)
    }
    try removeUnused.apply(&network)
  }
}

extension Network {
  /// The convolution without an activation that computes a value which nobody else reads, up to its shape.
  fileprivate func convolution(computing name: String) -> Int? {
    guard isReadOnce(name), let index = graph.nodes.firstIndex(where: { $0.output == name }) else { return nil }
    let node = graph.nodes[index]
    if node.operation.is(Graph.Reshape.self) { return convolution(computing: node.inputs[0]) }
    return node.operation.convolution(with: .relu) == nil ? nil : index
  }
}

extension Graph.Operation {
  /// A convolution without an activation that gets one; nil for every other operation.
  fileprivate func convolution(with activation: Graph.Activation) -> Self? {
    if var convolution = self.as(Graph.Convolution.self), convolution.activation == nil {
      convolution.activation = activation
      return .convolution(convolution)
    }
    if var convolution = self.as(Graph.TransposedConvolution.self), convolution.activation == nil {
      convolution.activation = activation
      return .transposedConvolution(convolution)
    }
    return nil
  }
}
