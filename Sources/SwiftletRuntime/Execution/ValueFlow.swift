/// Who computes and who reads the values of a graph, at certain lengths of its axes.
struct ValueFlow {
  struct Reader {
    let step: Int
    let input: Int
  }

  let graph: ResolvedGraph
  let axes: Graph.AxisLengths
  /// The lengths of each value.
  let shapes: [[Int]]
  /// Whether the channels of each value are meant to be innermost.
  let isChannelsLast: [Bool]
  /// The step that computes each value; nil for inputs and states.
  let producers: [Int?]
  let readers: [[Reader]]
  /// The last step that reads each value, -1 where none does; outputs are read after the last node.
  let lastUse: [Int]
  /// The last step that changes a state; -1 where none does.
  let lastChange: Int

  /// - Parameter isChannelsLast: of each value; nil where all are row-major.
  init(_ graph: ResolvedGraph, _ axes: Graph.AxisLengths, shapes: [[Int]], isChannelsLast: [Bool]? = nil) {
    (self.graph, self.axes, self.shapes) = (graph, axes, shapes)
    self.isChannelsLast = isChannelsLast ?? shapes.map { _ in false }
    var producers: [Int?] = Array(repeating: nil, count: shapes.count)
    var readers: [[Reader]] = Array(repeating: [], count: shapes.count)
    var lastUse = Array(repeating: -1, count: shapes.count)
    for (step, node) in graph.nodes.enumerated() {
      producers[node.output] = step
      for case (let input, .value(let value)) in node.inputs.enumerated() {
        readers[value].append(Reader(step: step, input: input))
        lastUse[value] = step
      }
    }
    for output in graph.outputs { lastUse[output] = graph.nodes.count }
    (self.producers, self.readers, self.lastUse) = (producers, readers, lastUse)
    lastChange = graph.nodes.lastIndex { $0.operation.changesFirstInput } ?? -1
  }

  /// Whether everybody who reads a value, under other shapes too, copes with a layout of it. Outputs are read in any.
  func readersAccept(_ layout: ValueLayout, of value: Int) -> Bool {
    var pending = [(value, layout)]
    while let (value, layout) = pending.popLast() {
      for reader in readers[value] {
        let node = graph.nodes[reader.step]
        if node.operation.sharing(ofInput: reader.input) == .always {
          guard let view = view(of: layout, by: node) else { return false }
          pending.append((node.output, view))
        } else {
          let access = node.operation.access(toInput: reader.input, of: node.inputs.count)
          let isAsMeant = layout.isChannelsLast == isChannelsLast[value]
          guard access == .any || isAsMeant && layout.allows(access) else { return false }
        }
      }
    }
    return true
  }

  /// Where a value lies that has memory of its own.
  func layout(of value: Int) -> ValueLayout {
    isChannelsLast[value] ? ValueLayout(channelsLast: shapes[value]) : ValueLayout(packed: shapes[value])
  }

  /// The layout of a node's output in the memory of its first input.
  func view(of layout: ValueLayout, by node: ResolvedGraph.Node) -> ValueLayout? {
    node.operation.view(of: layout, as: shapes[node.output], axes)
  }
}
