/// Where each value of a graph lies in one block of memory, the arena, for certain lengths of the axes.
///
/// A value's place is free again after its last reader, and later values take it: the largest are placed first, each in
/// the tightest gap among those that live at the same time. A node that may overwrite an input which nobody reads
/// afterwards does, and a reshaped value is its input under another name.
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

  private(set) var blocks: [Block] = []
  /// The block of each value.
  private(set) var blockOfValue: [Int]
  private(set) var arenaByteCount = 0

  /// - Throws: `SessionError` when a length is out of range, a value would be empty, or the arena would exceed the
  ///   machine's memory.
  init(_ graph: ResolvedGraph, _ lengths: Graph.AxisLengths) throws(SessionError) {
    for axis in graph.graph.axes where !(1...axis.maximum).contains(lengths[axis.name]) {
      throw .axis(axis.name, lengths[axis.name], maximum: axis.maximum)
    }
    // A block of at most 2^46 bytes, and at most 2^15 of them: offsets cannot overflow.
    let limit = min(physicalMemory(), 1 << 46)
    let lastUse = Self.lastUses(in: graph)
    blockOfValue = Array(repeating: -1, count: graph.graph.values.count)
    for input in graph.inputs {
      try addBlock(for: graph.value(input), index: input, lifetime: -1...max(lastUse[input], -1), lengths, limit)
    }
    for (state, index) in graph.states.enumerated() {
      try addBlock(for: graph.value(index), index: index, lifetime: -1...graph.nodes.count, lengths, limit)
      blocks[blocks.count - 1].state = state
    }
    for (step, node) in graph.nodes.enumerated() {
      let end = max(lastUse[node.output], step)
      if let host = reusableBlock(for: node, at: step, in: graph) {
        blockOfValue[node.output] = host
        let first = blocks[host].lifetime.lowerBound
        blocks[host].lifetime = first...max(end, blocks[host].lifetime.upperBound)
      } else {
        try addBlock(for: graph.value(node.output), index: node.output, lifetime: step...end, lengths, limit)
      }
    }
    place()
    guard arenaByteCount <= limit else { throw .outOfMemory(byteCount: arenaByteCount) }
  }

  /// Where a value starts in the arena, in bytes; 0 for a state.
  func offset(ofValue index: Int) -> Int { blocks[blockOfValue[index]].offset }

  func address(
    ofValue index: Int, arena: UnsafeMutableRawPointer, states: [UnsafeMutableRawPointer]
  ) -> UnsafeMutableRawPointer {
    let block = blocks[blockOfValue[index]]
    return block.state.map { states[$0] } ?? arena + block.offset
  }

  /// The last step that reads each value; outputs are read after the last node.
  private static func lastUses(in graph: ResolvedGraph) -> [Int] {
    var lastUse = Array(repeating: -1, count: graph.graph.values.count)
    for (step, node) in graph.nodes.enumerated() {
      for value in node.valueInputs { lastUse[value] = step }
    }
    for output in graph.outputs { lastUse[output] = graph.nodes.count }
    return lastUse
  }

  private mutating func addBlock(
    for value: Graph.Value, index: Int, lifetime: ClosedRange<Int>, _ lengths: Graph.AxisLengths, _ limit: Int
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
    blockOfValue[index] = blocks.count
    blocks.append(Block(byteCount: total.aligned, lifetime: lifetime))
  }

  /// The block of an input that the node's output may share.
  private func reusableBlock(for node: ResolvedGraph.Node, at step: Int, in graph: ResolvedGraph) -> Int? {
    let output = graph.value(node.output)
    for (position, operand) in node.inputs.enumerated() {
      guard case .value(let index) = operand else { continue }
      let block = blockOfValue[index]
      switch node.operation.sharing(ofInput: position) {
      case .never: continue
      case .always: return block
      case .ifUnread:
        // Nobody reads the block later, and no other input of this node may be clobbered while it is still needed.
        let value = graph.value(index)
        let othersAreApart = node.inputs.enumerated().allSatisfy { other, operand in
          guard case .value(let value) = operand, other != position else { return true }
          return blockOfValue[value] != block || node.operation.isElementwise
        }
        if blocks[block].state == nil, blocks[block].lifetime.upperBound <= step, value.type == output.type,
          ElementCount(value.shape) == ElementCount(output.shape), othersAreApart
        {
          return block
        }
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
