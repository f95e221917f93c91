/// The values that are written straight into the concatenation that reads them, so that it has nothing to copy.
///
/// A value can be where whoever computes it can write with the gaps that the concatenation leaves, and whoever reads it
/// copes with them. Concatenations of concatenations nest.
struct JoinedValues {
  struct Place {
    /// The outermost concatenation.
    let root: Int
    let layout: ValueLayout
  }

  private(set) var places: [Int: Place] = [:]
  /// Values lie in one place, and are tried once.
  private var tried = Set<Int>()

  init(_ flow: ValueFlow) {
    for node in flow.graph.nodes.reversed() {
      guard let axis = (node.operation as? Graph.Concatenate)?.axis else { continue }
      let whole = places[node.output] ?? Place(root: node.output, layout: flow.layout(of: node.output))
      var (first, start) = (0, 0)
      while first < node.inputs.count {
        let placed = flow.parts(node.inputs[first...], axis: axis).first { part in
          let layout = whole.layout.narrowed(axis, to: start..<start + flow.shapes[part.value][axis])
          return place(part.value, Place(root: whole.root, layout: layout), flow)
        }
        start += placed.map { flow.shapes[$0.value][axis] } ?? flow.length(of: node.inputs[first], axis: axis)
        first += placed?.inputs ?? 1
      }
    }
  }

  /// Places a value, and what it is another shape of.
  private mutating func place(_ value: Int, _ place: Place, _ flow: ValueFlow) -> Bool {
    var names = [(value, place.layout)]
    while let (value, layout) = names.last {
      guard tried.insert(value).inserted, let step = flow.producers[value] else { return false }
      let node = flow.graph.nodes[step]
      guard !node.operation.changesFirstInput else { return false }
      guard node.operation is Graph.Reshape, case .value(let source) = node.inputs[0] else {
        let access = node.operation.outputAccess(inputs: node.inputs.count)
        let isAsMeant = layout.isChannelsLast == flow.isChannelsLast[value]
        guard access == .any || isAsMeant && layout.allows(access), flow.readersAccept(layout, of: value) else {
          return false
        }
        break
      }
      guard let original = layout.reshaped(to: flow.shapes[source]) else { return false }
      names.append((source, original))
    }
    for (value, layout) in names { places[value] = Place(root: place.root, layout: layout) }
    return true
  }
}

extension ValueFlow {
  fileprivate func length(of operand: ResolvedGraph.Operand, axis: Int) -> Int {
    switch operand {
    case .value(let value): shapes[value][axis]
    case .constant(let constant): graph.graph.constants[constant].shape[axis]
    }
  }

  /// What the first inputs can be placed as: the value that several are the slices of, or the first one alone.
  fileprivate func parts(
    _ inputs: ArraySlice<ResolvedGraph.Operand>, axis: Int
  ) -> [(value: Int, inputs: Int)] {
    guard case .value(let first) = inputs.first else { return [] }
    return [slicedWhole(inputs, axis: axis), (first, 1)].compactMap(\.self)
  }

  /// The value that the first inputs are slices of, one after the other from its first index to its last.
  private func slicedWhole(
    _ inputs: ArraySlice<ResolvedGraph.Operand>, axis: Int
  ) -> (value: Int, inputs: Int)? {
    var (whole, end, count) = (Int?.none, 0, 0)
    for input in inputs {
      guard case .value(let value) = input, let node = producers[value].map({ graph.nodes[$0] }),
        let slice = node.operation as? Graph.Slice,
        slice.axis == axis, case .value(let source) = node.inputs[0], whole == nil || whole == source,
        let range = slice.range(of: shapes[source][axis], axes), range.lowerBound == end
      else { return nil }
      (whole, end, count) = (source, range.upperBound, count + 1)
      if end == shapes[source][axis] { return (source, count) }
    }
    return nil
  }
}
