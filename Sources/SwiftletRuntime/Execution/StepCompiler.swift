import CSwiftletKernels

/// What operations make their jobs from: the graph at certain lengths, over fixed memory.
///
/// Jobs capture pointers into the arena, which stay valid as long as the execution that owns them.
struct StepCompiler {
  let graph: ResolvedGraph
  let file: StoredWeights
  let plan: MemoryPlan
  let arena: UnsafeMutableRawPointer
  /// The length of every axis.
  let axes: Graph.AxisLengths
  let instructionSet: InstructionSet
  let threads: Int
  let weights: [Graph.Parameter: PackedLinear]
  /// The memory of the graph's states, in order.
  let states: [UnsafeMutableRawPointer]
  /// Memory of each worker; its size is known when all nodes are compiled.
  let scratch = Scratch()

  /// Memory that each worker has to itself while it runs tiles, and memory that all share while a node runs.
  final class Scratch {
    private(set) var byteCount = 0
    private var sharedByteCount = 0
    private var buffer: AlignedBuffer?
    private var counterCount = 0
    private var counterBuffer: AlignedBuffer?

    func reserve(_ byteCount: Int) { self.byteCount = max(self.byteCount, byteCount.aligned) }
    func reserveShared(_ byteCount: Int) { sharedByteCount = max(sharedByteCount, byteCount.aligned) }

    /// Counters that all workers share, which a node finds zero and leaves so.
    func reserveCounters(_ count: Int) { counterCount = max(counterCount, count) }

    func allocate(workers: Int) throws(SessionError) {
      let (ofWorkers, overflows) = byteCount.multipliedReportingOverflow(by: workers)
      guard !overflows, ofWorkers <= Int.max - sharedByteCount else { throw .outOfMemory(byteCount: Int.max) }
      buffer = try AlignedBuffer(byteCount: sharedByteCount + ofWorkers)
      guard counterCount > 0 else { return }
      let counters = try AlignedBuffer(byteCount: counterCount * MemoryLayout<UInt32>.stride)
      counters.address.initializeMemory(as: UInt8.self, repeating: 0, count: counters.byteCount)
      counterBuffer = counters
    }

    /// What an earlier job of the same node wrote.
    var sharedAddress: UnsafeMutableRawPointer? { buffer?.address }
    var counters: UnsafeMutablePointer<UInt32>? { counterBuffer?.address.assumingMemoryBound(to: UInt32.self) }

    func address(ofWorker worker: Int) -> UnsafeMutableRawPointer? {
      buffer.map { $0.address + sharedByteCount + worker * byteCount }
    }
  }

  /// Elements that a tile of a cheap operation covers: enough to pay for taking it, few enough to share.
  static let elementsPerTile = 16384

  /// A job over the lines of a loop, in pieces of the last axis.
  func job(over loop: StridedLoop, _ body: @escaping (_ line: Int, _ piece: Range<Int>) -> Void) -> ThreadPool.Job {
    let width = loop.shape[loop.shape.count - 1]
    let length = min(width, Self.elementsPerTile)
    let pieces = (width + length - 1) / length
    return job(over: loop.rows * pieces, itemsPerTile: Self.elementsPerTile / length) { items in
      for item in items {
        let (line, start) = (item / pieces, item % pieces * length)
        body(line, start..<min(start + length, width))
      }
    }
  }

  /// A job over `count` equal items, such as rows, in tiles of about `itemsPerTile`.
  func job(
    over count: Int, itemsPerTile: Int, _ body: @escaping (_ items: Range<Int>) -> Void
  ) -> ThreadPool.Job {
    let step = max(1, itemsPerTile)
    return ThreadPool.Job(tiles: (count + step - 1) / step) { first, tiles, _ in
      body(first * step..<min(count, (first + tiles) * step))
    }
  }
}

// MARK: Operands

extension StepCompiler {
  /// The memory of an operand's first element.
  func address(of operand: ResolvedGraph.Operand) -> UnsafeMutableRawPointer {
    switch operand {
    case .value(let index): plan.address(ofValue: index, arena: arena, states: states)
    // The file's pages are read-only; kernels only read operands.
    case .constant(let index): constantAddress(graph.graph.constants[index].name)
    }
  }

  func floats(of operand: ResolvedGraph.Operand) -> UnsafeMutablePointer<Float> {
    address(of: operand).assumingMemoryBound(to: Float.self)
  }

  func floats(ofConstant name: String?) -> UnsafePointer<Float>? {
    name.map { UnsafePointer(constantAddress($0).assumingMemoryBound(to: Float.self)) }
  }

  private func constantAddress(_ name: String) -> UnsafeMutableRawPointer {
    guard let address = UnsafeMutableRawPointer(mutating: file.tensor(name).baseAddress) else {
      preconditionFailure("\(name) has no elements")
    }
    return address
  }

  func layout(of operand: ResolvedGraph.Operand) -> ValueLayout {
    switch operand {
    case .value(let index): plan.layouts[index]
    case .constant: ValueLayout(packed: lengths(of: operand))
    }
  }

  /// Whether both lie in one block.
  func shareMemory(_ a: ResolvedGraph.Operand, _ b: ResolvedGraph.Operand) -> Bool {
    guard case .value(let a) = a, case .value(let b) = b else { return false }
    return plan.blockOfValue[a] == plan.blockOfValue[b]
  }

  /// How far neighbours along each axis lie apart, in elements.
  func strides(of operand: ResolvedGraph.Operand) -> [Int] { layout(of: operand).strides }

  func outputStrides(of node: ResolvedGraph.Node) -> [Int] { strides(of: .value(node.output)) }

  /// Over the output, from the only input to the output.
  func elementwiseLoop(of node: ResolvedGraph.Node) -> StridedLoop {
    StridedLoop(
      shape: outputLengths(of: node), strides: [strides(of: node.inputs[0]), outputStrides(of: node)]
    ).ordered(by: 1).simplified()
  }

  func outputAddress(of node: ResolvedGraph.Node) -> UnsafeMutableRawPointer { address(of: .value(node.output)) }

  func outputLengths(of node: ResolvedGraph.Node) -> [Int] { lengths(of: .value(node.output)) }

  func lengths(of operand: ResolvedGraph.Operand) -> [Int] { graph.shape(of: operand).map { $0.length(axes) } }

  /// The last axis, and all before it as one.
  func rowsAndWidth(of operand: ResolvedGraph.Operand) -> (rows: Int, width: Int) {
    let lengths = lengths(of: operand)
    return (lengths.dropLast().reduce(1, *), lengths[lengths.count - 1])
  }

  /// How a node writes its output.
  func outputFormat(of node: ResolvedGraph.Node) -> swl_output { graph.value(node.output).kernelFormat }

  /// The type and quantisation of an operand.
  func format(of operand: ResolvedGraph.Operand) -> swl_output {
    switch operand {
    case .value(let index): graph.value(index).kernelFormat
    case .constant: swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    }
  }

  func elementSize(of operand: ResolvedGraph.Operand) -> Int { graph.type(of: operand).byteCount }
}

// MARK: Weights

extension StepCompiler {
  func packed(_ weight: Graph.Parameter) -> PackedLinear {
    guard let packed = weights[weight] else { preconditionFailure("\(weight.name) was not packed") }
    return packed
  }

  /// For int8: what one unit of each output's integer sum is worth.
  func integerScales(of weight: String, input: swl_output) throws(SessionError) -> AlignedBuffer? {
    guard input.type == SWL_U8 else { return nil }
    let weightScales = file.tensor("\(weight).scales").bindMemory(to: Float.self)
    let buffer = try AlignedBuffer(byteCount: weightScales.count * MemoryLayout<Float>.stride)
    let scales = buffer.address.bindMemory(to: Float.self, capacity: weightScales.count)
    for i in weightScales.indices { scales[i] = input.scale * weightScales[i] }
    return buffer
  }
}
