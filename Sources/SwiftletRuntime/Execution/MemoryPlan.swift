/// Where each value of a graph lies in one block of memory, the arena, for certain lengths of the axes.
///
/// A value's place is free again after its last reader, and later values take it: the largest are placed first, each in
/// the tightest gap among those that live at the same time. A node that may overwrite an input which nobody reads
/// afterwards does. A reshaped value is its input under another name, and so is a slice whose readers can step over what
/// it leaves out; what a concatenation joins is written into it where that can be (``JoinedValues``).
struct MemoryPlan: Sendable {
  /// One run of bytes, shared by the values that are the same memory.
  struct Block: Hashable, Sendable {
    var byteCount: Int
    /// The steps between which its bytes matter: a node's position, -1 before the first, the node count after the last.
    var lifetime: ClosedRange<Int>
    var offset = 0
    /// The state that it is, which lies outside the arena.
    var state: Int?
  }

  /// The graph with the copies that its arrangement needs.
  let graph: ResolvedGraph
  private(set) var blocks: [Block] = []
  /// The block of each value.
  private(set) var blockOfValue: [Int]
  /// Where each value lies in its block.
  private(set) var layouts: [ValueLayout]
  /// Whether a value is the memory of its node's first input.
  private(set) var isView: [Bool]
  private(set) var arenaByteCount = 0
  private let elementSizes: [Int]

  /// - Throws: `SessionError` when a length is out of range, a value would be empty, or the arena would exceed the
  ///   machine's memory.
  init(_ graph: ResolvedGraph, _ lengths: Graph.AxisLengths) throws(SessionError) {
    for axis in graph.graph.axes where !(1...axis.maximum).contains(lengths[axis.name]) {
      throw .axis(axis.name, lengths[axis.name], maximum: axis.maximum)
    }
    // A block of at most 2^46 bytes, and at most 2^15 of them: offsets cannot overflow.
    let limit = min(physicalMemory(), 1 << 46)
    for value in graph.graph.values { try Self.check(value, lengths, limit) }
    let flow = ImageArrangement(graph, lengths).flow
    let graph = flow.graph
    self.graph = graph
    blockOfValue = graph.values.map { _ in -1 }
    layouts = graph.values.indices.map { flow.layout(of: $0) }
    isView = graph.values.map { _ in false }
    elementSizes = graph.values.map(\.type.byteCount)

    for input in graph.inputs { addBlock(for: input, lifetime: -1...max(flow.lastUse[input], -1)) }
    for (state, value) in graph.states.enumerated() {
      addBlock(for: value, lifetime: -1...graph.nodes.count)
      blocks[blocks.count - 1].state = state
    }
    let joined = JoinedValues(flow)
    for (step, node) in graph.nodes.enumerated() {
      let value = node.output
      let end = max(flow.lastUse[value], step)
      if let place = joined.places[value] {
        if blockOfValue[place.root] < 0, let join = flow.producers[place.root] {
          addBlock(for: place.root, lifetime: step...max(flow.lastUse[place.root], join))
        }
        share(blockOfValue[place.root], with: value, place.layout, until: end)
      } else if let (block, layout) = view(of: node, at: step, flow) {
        isView[value] = true
        share(block, with: value, layout, until: end)
      } else if let (block, layout) = overwrittenInput(of: node, at: step, graph) {
        share(block, with: value, layout, until: end)
      } else if blockOfValue[value] < 0 {
        addBlock(for: value, lifetime: step...end)
      }
    }
    place()
    guard arenaByteCount <= limit else { throw .outOfMemory(byteCount: arenaByteCount) }
  }

  /// Where a value starts in the arena or in its state, in bytes.
  func offset(ofValue index: Int) -> Int {
    blocks[blockOfValue[index]].offset + layouts[index].offset * elementSizes[index]
  }

  func address(
    ofValue index: Int, arena: UnsafeMutableRawPointer, states: [UnsafeMutableRawPointer]
  ) -> UnsafeMutableRawPointer {
    (blocks[blockOfValue[index]].state.map { states[$0] } ?? arena) + offset(ofValue: index)
  }

  private static func check(
    _ value: Graph.Value, _ lengths: Graph.AxisLengths, _ limit: Int
  ) throws(SessionError) {
    var total = value.type.byteCount
    for dimension in value.shape {
      let length = dimension.length(lengths)
      guard length >= 1 else { throw .emptyValue(value.name, axis: dimension.axisName ?? "", lengths) }
      let (product, overflows) = total.multipliedReportingOverflow(by: length)
      guard !overflows else { throw .outOfMemory(byteCount: Int.max) }
      total = product
    }
    guard total <= limit else { throw .outOfMemory(byteCount: total) }
  }

  private mutating func addBlock(for value: Int, lifetime: ClosedRange<Int>) {
    blockOfValue[value] = blocks.count
    let byteCount = layouts[value].shape.reduce(elementSizes[value], *)
    blocks.append(Block(byteCount: byteCount.aligned, lifetime: lifetime))
  }

  private mutating func share(_ block: Int, with value: Int, _ layout: ValueLayout, until end: Int) {
    (blockOfValue[value], layouts[value]) = (block, layout)
    let lifetime = blocks[block].lifetime
    blocks[block].lifetime = lifetime.lowerBound...max(end, lifetime.upperBound)
  }

  /// The memory of a node's input, where the output is the same elements and whoever reads it finds them there.
  private func view(
    of node: ResolvedGraph.Node, at step: Int, _ flow: ValueFlow
  ) -> (block: Int, layout: ValueLayout)? {
    guard case .value(let input) = node.inputs.first, let layout = flow.view(of: layouts[input], by: node) else {
      return nil
    }
    let block = blockOfValue[input]
    if node.operation.sharing(ofInput: 0) == .always { return (block, layout) }
    // A slice of a state keeps what it was when the state changes.
    let isKept = blocks[block].state == nil || flow.lastChange <= step
    return isKept && flow.readersAccept(layout, of: node.output) ? (block, layout) : nil
  }

  /// The memory of an input that the node may overwrite.
  private func overwrittenInput(
    of node: ResolvedGraph.Node, at step: Int, _ graph: ResolvedGraph
  ) -> (block: Int, layout: ValueLayout)? {
    let output = graph.value(node.output)
    let meant = layouts[node.output]
    /// Whether each element has the place that the same element of the output would take.
    func liesAsOutput(_ value: Graph.Value, _ layout: ValueLayout) -> Bool {
      layout.isDense && layout.isChannelsLast == meant.isChannelsLast
        && (meant.isChannelsLast
          ? layout.shape == meant.shape : ElementCount(value.shape) == ElementCount(output.shape))
    }
    for case (let position, .value(let index)) in node.inputs.enumerated()
    where node.operation.sharing(ofInput: position) == .ifUnread {
      let (value, block, layout) = (graph.value(index), blockOfValue[index], layouts[index])
      // Nobody reads the block later, and no other input of this node may be clobbered while it is still needed.
      let othersAreApart = node.inputs.enumerated().allSatisfy { other, operand in
        guard case .value(let value) = operand, other != position, blockOfValue[value] == block else { return true }
        return node.operation.isElementwise && liesAsOutput(graph.value(value), layouts[value])
          && layouts[value].offset == layout.offset
      }
      if blocks[block].state == nil, blocks[block].lifetime.upperBound <= step, value.type == output.type,
        liesAsOutput(value, layout), othersAreApart
      {
        return (block, meant.moved(to: layout.offset))
      }
    }
    return nil
  }

  private mutating func place() {
    let largestFirst = blocks.indices.filter { blocks[$0].state == nil }.sorted {
      (-blocks[$0].byteCount, blocks[$0].lifetime.lowerBound, $0)
        < (-blocks[$1].byteCount, blocks[$1].lifetime.lowerBound, $1)
    }
    var placed: [Int] = []  // sorted by offset
    for index in largestFirst {
      let block = blocks[index]
      var end = 0
      var best: (gap: Int, offset: Int)?
      for other in placed where blocks[other].lifetime.overlaps(block.lifetime) {
        let gap = blocks[other].offset - end
        if gap >= block.byteCount, gap < best?.gap ?? .max { best = (gap, end) }
        end = max(end, blocks[other].offset + blocks[other].byteCount)
      }
      let offset = best?.offset ?? end
      blocks[index].offset = offset
      arenaByteCount = max(arenaByteCount, offset + block.byteCount)
      let position = placed.partitioningIndex { blocks[$0].offset >= offset }
      placed.insert(index, at: position)
    }
  }
}

extension [Int] {
  /// The first position whose element satisfies the predicate, which holds from there on.
  fileprivate func partitioningIndex(where predicate: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
