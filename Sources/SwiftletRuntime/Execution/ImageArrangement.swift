/// Which images, values `[batch, channels, height, width]`, lie with their channels innermost, and which are copied for a
/// reader that cannot have it so.
///
/// Convolutions and their like write channels last, what follows element by element goes on so, and everything else is
/// row-major: what a caller brings, states, and what operations read that know no images. A value is copied once into the
/// other order, before the first of those who ask for it.
struct ImageArrangement {
  /// The graph with the copies.
  let flow: ValueFlow

  init(_ graph: ResolvedGraph, _ lengths: Graph.AxisLengths) {
    let shapes = graph.values.map { $0.shape.map { $0.length(lengths) } }
    guard graph.nodes.contains(where: { $0.operation.imageOrder == .channelsLast }) else {
      flow = ValueFlow(graph, lengths, shapes: shapes)
      return
    }
    var arranger = Arranger(flow: ValueFlow(graph, lengths, shapes: shapes))
    for node in graph.nodes { arranger.arrange(node) }
    flow = ValueFlow(
      graph.replacing(arranger.nodes, adding: arranger.copies), lengths, shapes: arranger.shapes,
      isChannelsLast: arranger.isChannelsLast)
  }
}

private struct Arranger {
  /// Of the graph before anything is arranged.
  let flow: ValueFlow
  var shapes: [[Int]]
  var isChannelsLast: [Bool]
  var nodes: [ResolvedGraph.Node] = []
  var copies: [Graph.Value] = []
  /// The copy of a value in the order that it does not have.
  private var copyOfValue: [Int: Int] = [:]

  init(flow: ValueFlow) {
    (self.flow, shapes, isChannelsLast) = (flow, flow.shapes, flow.isChannelsLast)
  }

  mutating func arrange(_ node: ResolvedGraph.Node) {
    let turnsOut = isChannelsLastOutput(of: node)
    isChannelsLast[node.output] = turnsOut
    let inputs = node.inputs.enumerated().map { position, operand -> ResolvedGraph.Operand in
      guard case .value(let value) = operand, let wanted = order(ofInput: position, value, of: node),
        wanted != isChannelsLast[value]
      else { return operand }
      return .value(copy(of: value, channelsLast: wanted, for: node))
    }
    nodes.append(.init(name: node.name, operation: node.operation, inputs: inputs, output: node.output))
  }

  private func isChannelsLastOutput(of node: ResolvedGraph.Node) -> Bool {
    guard shapes[node.output].count == 4 else { return false }
    switch node.operation.imageOrder {
    case .rowMajor: return false
    case .channelsLast: return true
    case .asInputs:
      return node.valueInputs.contains { isChannelsLast[$0] }
        && node.inputs.indices.allSatisfy { canFollow(input: $0, of: node) }
    }
  }

  /// Whether an input that is no image of its own, such as a constant, can be read along channels.
  private func canFollow(input position: Int, of node: ResolvedGraph.Node) -> Bool {
    if access(toInput: position, of: node) == .any { return true }
    let layout: ValueLayout
    switch node.inputs[position] {
    case .value(let value):
      if shapes[value].count == 4 { return true }
      layout = ValueLayout(packed: shapes[value])
    case .constant(let constant): layout = ValueLayout(packed: flow.graph.graph.constants[constant].shape)
    }
    let output = ValueLayout(channelsLast: shapes[node.output])
    let loop = StridedLoop(
      shape: output.shape, strides: [StridedLoop.broadcastStrides(of: layout, to: output.shape), output.strides])
    return loop.ordered(by: 1).strides[0].last ?? 0 <= 1
  }

  /// Whether a node reads an image with channels innermost; nil where it copes with both.
  private func order(ofInput position: Int, _ value: Int, of node: ResolvedGraph.Node) -> Bool? {
    let access = access(toInput: position, of: node)
    guard shapes[value].count == 4, access != .any else { return nil }
    if node.operation.sharing(ofInput: position) == .always {
      return isReadThroughView(value, by: node) ? nil : false
    }
    switch node.operation.imageOrder {
    case .rowMajor: return false
    case .channelsLast: return access == .channelsLast
    case .asInputs: return isChannelsLast[node.output]
    }
  }

  /// Whether the output of a node is the memory of its first input, and its readers find it there.
  private func isReadThroughView(_ value: Int, by node: ResolvedGraph.Node) -> Bool {
    guard isChannelsLast[value] else { return true }
    guard let view = flow.view(of: ValueLayout(channelsLast: shapes[value]), by: node) else { return false }
    return flow.readersAccept(view, of: node.output)
  }

  private func access(toInput position: Int, of node: ResolvedGraph.Node) -> Graph.Access {
    node.operation.access(toInput: position, of: node.inputs.count)
  }

  private mutating func copy(of value: Int, channelsLast: Bool, for node: ResolvedGraph.Node) -> Int {
    if let copy = copyOfValue[value] { return copy }
    let copy = shapes.count
    copyOfValue[value] = copy
    copies.append(flow.graph.value(value))
    shapes.append(shapes[value])
    isChannelsLast.append(channelsLast)
    nodes.append(
      .init(
        name: "\(node.name), \(channelsLast ? "channels last" : "row-major")",
        operation: Graph.Permute(order: [0, 1, 2, 3]), inputs: [.value(value)], output: copy))
    return copy
  }
}
