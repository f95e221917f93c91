import CSwiftletKernels

/// A graph made ready to run at certain lengths of its axes: jobs over memory that is planned and allocated.
///
/// Running allocates nothing.
final class Execution {
  /// One node's work.
  struct Step {
    let node: ResolvedGraph.Node
    /// Nil where the output is the input's memory.
    let job: ThreadPool.Job?
  }

  let lengths: Graph.AxisLengths
  /// Whose states its steps read and write; nil where the graph has none.
  let memoryNumber: UInt64?
  let plan: MemoryPlan
  let steps: [Step]
  private let arena: AlignedBuffer
  private let scratch: StepCompiler.Scratch
  /// Where the states lie, as long as whoever owns them keeps them.
  private let states: [UnsafeMutableRawPointer]

  /// - Parameter reusing: an arena of an earlier execution, taken if it is large enough.
  init(
    _ graph: ResolvedGraph, of file: StoredWeights, weights: [Graph.Parameter: PackedLinear],
    lengths: Graph.AxisLengths,
    memory: SessionState.Memory?,
    instructionSet: InstructionSet, threads: Int, reusing earlierArena: AlignedBuffer?
  ) throws(SessionError) {
    self.lengths = lengths
    memoryNumber = memory?.number
    states = memory?.buffers.map(\.address) ?? []
    plan = try MemoryPlan(graph, lengths)
    if let earlierArena, earlierArena.byteCount >= plan.arenaByteCount {
      arena = earlierArena
    } else {
      arena = try AlignedBuffer(byteCount: plan.arenaByteCount)
    }
    let compiler = StepCompiler(
      graph: plan.graph, file: file, plan: plan, arena: arena.address, axes: lengths, instructionSet: instructionSet,
      threads: threads, weights: weights, states: states)
    var steps: [Step] = []
    for node in plan.graph.nodes {
      steps.append(Step(node: node, job: try node.operation.job(for: node, in: compiler)))
    }
    self.steps = steps
    scratch = compiler.scratch
    try scratch.allocate(workers: threads)
  }

  var sharedArena: AlignedBuffer { arena }

  /// Where a value's first element lies; what it holds is defined between its node and its last reader.
  func address(ofValue index: Int) -> UnsafeMutableRawPointer {
    plan.address(ofValue: index, arena: arena.address, states: states)
  }

  /// Shows a value without gaps: where it lies, or else a copy.
  func withElements<Result>(
    ofValue index: Int, elementSize: Int, _ body: (UnsafeMutableRawPointer) -> Result
  ) -> Result {
    let (layout, address) = (plan.layouts[index], address(ofValue: index))
    if layout.allows(.packed) { return body(address) }
    let loop = StridedLoop(
      shape: layout.shape, strides: [layout.strides, StridedLoop.contiguousStrides(of: layout.shape)])
    let copy = UnsafeMutableRawPointer.allocate(
      byteCount: layout.shape.reduce(elementSize, *), alignment: AlignedBuffer.alignment)
    defer { copy.deallocate() }
    var op = swl_copy(loop.simplified(), elementSize: elementSize, x: address, y: copy)
    swl_copy_run(&op)
    return body(copy)
  }
}
