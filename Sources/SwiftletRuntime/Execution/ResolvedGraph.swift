/// A valid graph with names replaced by positions.
struct ResolvedGraph {
  enum Operand: Hashable {
    case value(Int)
    case constant(Int)
  }

  struct Node {
    let name: String
    let operation: any GraphOperation
    let inputs: [Operand]
    let output: Int

    /// The positions of the values it reads.
    var valueInputs: [Int] {
      inputs.compactMap { if case .value(let value) = $0 { value } else { nil } }
    }
  }

  let graph: Graph
  /// The graph's, and after them the copies that an arrangement adds.
  private(set) var values: [Graph.Value]
  private(set) var nodes: [Node]
  let inputs: [Int]
  let outputs: [Int]
  let states: [Int]
  let constantIndex: [String: Int]

  /// - Precondition: the graph is valid.
  init(_ graph: Graph) {
    self.graph = graph
    values = graph.values
    let valueIndex = Dictionary(uniqueKeysWithValues: graph.values.enumerated().map { ($1.name, $0) })
    let constantIndex = Dictionary(uniqueKeysWithValues: graph.constants.enumerated().map { ($1.name, $0) })
    func position(_ name: String) -> Int {
      guard let index = valueIndex[name] else { preconditionFailure("the graph was not validated: \(name)") }
      return index
    }
    self.constantIndex = constantIndex
    nodes = graph.nodes.map { node in
      Node(
        name: node.name,
        operation: node.operation.base.resolved { name in
          constantIndex[name].map { graph.constants[$0].shape } ?? []
        },
        inputs: node.inputs.map { name in constantIndex[name].map { .constant($0) } ?? .value(position(name)) },
        output: position(node.output))
    }
    inputs = graph.inputs.map(position)
    outputs = graph.outputs.map(position)
    states = graph.states.map(position)
  }

  func value(_ index: Int) -> Graph.Value { values[index] }

  func shape(of operand: Operand) -> Graph.Shape {
    switch operand {
    case .value(let index): values[index].shape
    case .constant(let index): graph.constants[index].shape.map { .fixed($0) }
    }
  }

  func type(of operand: Operand) -> Graph.ElementType {
    switch operand {
    case .value(let index): values[index].type
    case .constant(let index): graph.constants[index].encoding.type
    }
  }

  /// The same graph with other steps, which may read and compute further values.
  func replacing(_ nodes: [Node], adding copies: [Graph.Value]) -> Self {
    var other = self
    other.nodes = nodes
    other.values += copies
    return other
  }
}
