import SwiftletRuntime

/// A graph together with the numbers of its constants, before they are packed: what passes rewrite.
struct Network {
  var graph: Graph
  /// The elements of each constant of the graph, row-major.
  var numbers: [String: [Float]] = [:]

  /// The node that computes a value; nil for inputs and constants.
  func producer(of name: String) -> Graph.Node? { graph.nodes.first { $0.output == name } }

  func readers(of name: String) -> [Graph.Node] { graph.nodes.filter { $0.inputs.contains(name) } }

  /// True where exactly one node reads the value once and it is no output of the graph.
  func isReadOnce(_ name: String) -> Bool {
    !graph.outputs.contains(name) && graph.nodes.reduce(0) { $0 + $1.inputs.count(where: { $0 == name }) } == 1
  }

  /// True where one node alone reads a value or constant, or has it as a parameter.
  func isUsedOnce(_ name: String) -> Bool {
    graph.nodes.count { $0.inputs.contains(name) || $0.operation.parameters.contains(name) } == 1
  }

  func shape(of name: String) -> Graph.Shape? {
    graph.value(named: name)?.shape ?? graph.constant(named: name)?.shape.map { .fixed($0) }
  }

  /// Adds a dense f32 constant, under `name` or under the first free name that begins with it.
  mutating func addConstant(_ name: String, shape: [Int], numbers: [Float]) -> String {
    let free = freeName(name)
    graph.constants.append(Graph.Constant(name: free, shape: shape))
    self.numbers[free] = numbers
    return free
  }

  /// `name`, or `name` with the first number that makes it unused.
  func freeName(_ name: String) -> String {
    func isUsed(_ name: String) -> Bool {
      graph.value(named: name) != nil || graph.constant(named: name) != nil
    }
    guard isUsed(name) else { return name }
    var number = 2
    while isUsed("\(name).\(number)") { number += 1 }
    return "\(name).\(number)"
  }

  /// Lets every reader of `old` read `new` instead, outputs of the graph included.
  mutating func replaceUses(of old: String, with new: String) {
    for i in graph.nodes.indices {
      graph.nodes[i].inputs = graph.nodes[i].inputs.map { $0 == old ? new : $0 }
    }
    graph.outputs = graph.outputs.map { $0 == old ? new : $0 }
  }

  /// Gives the outputs the caller's names.
  mutating func renameOutputs(to names: [String]) throws {
    guard names.count == graph.outputs.count, Set(names).count == names.count else {
      throw ExportError.untraceable(
        "it has \(graph.outputs.count) outputs, and \(names) are not as many different names for them")
    }
    guard Set(graph.outputs).count == names.count else {
      throw ExportError.untraceable("two of its outputs \(names) are one value")
    }
    if let taken = names.first(where: { name in graph.inputs.contains(name) || graph.constant(named: name) != nil }) {
      throw ExportError.untraceable("the output \(taken) has the name of an input or a parameter")
    }
    // Whatever else has one of the names makes room first.
    for name in names where graph.value(named: name) != nil { rename(name, to: freeName("\(name).inner")) }
    for (value, name) in zip(graph.outputs, names) { rename(value, to: name) }
  }

  private mutating func rename(_ old: String, to new: String) {
    replaceUses(of: old, with: new)
    for index in graph.nodes.indices where graph.nodes[index].output == old { graph.nodes[index].output = new }
    for index in graph.values.indices where graph.values[index].name == old { graph.values[index].name = new }
  }

  /// Removes the nodes that compute `outputs`, and those values.
  mutating func removeNodes(computing outputs: some Sequence<String>) {
    let outputs = Set(outputs)
    graph.nodes.removeAll { outputs.contains($0.output) }
    graph.values.removeAll { outputs.contains($0.name) }
  }
}
