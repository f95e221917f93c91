import SwiftletRuntime

extension Pass {
  /// `factors * linear(x)`, as a layer's scale has it, becomes one linear whose rows and biases carry the factors.
  ///
  /// Zeros stay zeros, and a row's factor becomes part of its int8 scale: patterns and precisions see no difference.
  static let foldScale = Pass(name: "fold scale") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard node.operation == .multiply else { continue }
      for (value, constant) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let linear = network.producer(of: value), linear.inputs.count == 1, network.isReadOnce(value),
          let layer = linear.operation.as(Graph.Linear.self), layer.activation == nil,
          network.shape(of: value) == network.shape(of: node.output),
          let rows = network.graph.constant(named: layer.weight)?.shape[0],
          let factors = network.factors(constant, ofLast: rows),
          [layer.weight, layer.bias].allSatisfy({ $0.map(network.isUsedOnce) ?? true })
        else { continue }
        for name in [layer.weight, layer.bias].compactMap(\.self) {
          network.numbers[name] = network.numbers[name].map { numbers in
            let length = numbers.count / rows
            return numbers.indices.map { numbers[$0] * factors[$0 / length] }
          }
        }
        network.graph.nodes[index] = Graph.Node(
          name: linear.name, operation: linear.operation, inputs: linear.inputs, output: node.output)
        break
      }
    }
    try removeUnused.apply(&network)
  }
}

extension Network {
  /// A constant as one factor for each of `count` elements of the last axis; nil where it is something else.
  fileprivate func factors(_ constant: String, ofLast count: Int) -> [Float]? {
    guard let numbers = numbers[constant] else { return nil }
    if numbers.count == 1 { return Array(repeating: numbers[0], count: count) }
    return numbers.count == count && graph.constant(named: constant)?.shape.last == count ? numbers : nil
  }
}
