import SwiftletRuntime

extension Pass {
  /// `x * sigmoid(1.702 x)` becomes one activation.
  static let recogniseQuickGelu = Pass(name: "recognise quick gelu") { network in
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard node.operation == .multiply else { continue }
      for (x, gate) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let sigmoid = network.producer(of: gate), sigmoid.operation == .activation(.sigmoid),
          let scaled = network.producer(of: sigmoid.inputs[0]), let (value, factor) = network.scaling(by: scaled),
          value == x, Float(factor) == 1.702
        else { continue }
        network.graph.nodes[index].operation = .activation(.quickGelu)
        network.graph.nodes[index].inputs = [x]
        break
      }
    }
    try removeUnused.apply(&network)
  }
}
