import SwiftletRuntime

extension Pass {
  /// Joins chains of reshapes and of permutations, and removes what moves nothing.
  static let simplifyMovement = Pass(name: "simplify movement") { network in
    while simplifyOnce(&network) {}
    try removeUnused.apply(&network)
  }

  /// Simplifies every node once in order; true where something changed.
  private static func simplifyOnce(_ network: inout Network) -> Bool {
    var hasChanged = false
    for index in network.graph.nodes.indices {
      let node = network.graph.nodes[index]
      guard let source = node.inputs.first, network.isUsed(node.output) else { continue }
      if network.movesNothing(node), network.canReplace(node.output, with: source) {
        network.replaceUses(of: node.output, with: source)
        hasChanged = true
        continue
      }
      guard let before = network.producer(of: source), let origin = before.inputs.first else { continue }
      if let second = node.operation.as(Graph.Permute.self), let first = before.operation.as(Graph.Permute.self) {
        network.graph.nodes[index].operation = .permute(second.order.map { first.order[$0] })
      } else if !node.operation.is(Graph.Reshape.self) || !before.operation.is(Graph.Reshape.self) {
        continue
      }
      network.graph.nodes[index].inputs = [origin]
      hasChanged = true
    }
    return hasChanged
  }
}

extension Network {
  fileprivate func isUsed(_ name: String) -> Bool {
    graph.outputs.contains(name) || graph.nodes.contains { $0.inputs.contains(name) }
  }

  /// True for a node whose output holds its first input's elements in the same order and shape.
  fileprivate func movesNothing(_ node: Graph.Node) -> Bool {
    guard let source = node.inputs.first, let input = shape(of: source), let output = shape(of: node.output) else {
      return false
    }
    if let permute = node.operation.as(Graph.Permute.self) { return permute.order == Array(permute.order.indices) }
    if node.operation.is(Graph.Concatenate.self) { return node.inputs.count == 1 }
    return node.operation.onlyMovesElements && input == output
  }

  /// An output must stay a computed value, and not every reader takes a constant.
  fileprivate func canReplace(_ output: String, with source: String) -> Bool {
    producer(of: source) != nil || !graph.outputs.contains(output)
  }
}
