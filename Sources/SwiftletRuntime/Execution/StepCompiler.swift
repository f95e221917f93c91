import CSwiftletKernels

/// Turns the nodes of a graph into jobs over fixed memory.
///
/// One file a family of operations in Steps/ adds the job of a node; each captures pointers into the arena, which stay
/// valid as long as the execution that owns them.
struct StepCompiler {
  let graph: ResolvedGraph
  let file: ModelFile
  let plan: MemoryPlan
  let arena: UnsafeMutableRawPointer
  let batch: Int
  let instructionSet: InstructionSet
  let threads: Int
  /// The packed weights by constant name.
  let weights: [String: PackedLinear]
  /// Memory of each worker; its size is known when all nodes are compiled.
  let scratch = Scratch()

  /// Memory that each worker has to itself while it runs tiles.
  final class Scratch {
    private(set) var byteCount = 0
    private var buffer: AlignedBuffer?

    func reserve(_ byteCount: Int) { self.byteCount = max(self.byteCount, byteCount.aligned) }

    func allocate(workers: Int) throws(SessionError) {
      let (total, overflows) = byteCount.multipliedReportingOverflow(by: workers)
      guard !overflows else { throw .outOfMemory(byteCount: Int.max) }
      buffer = try AlignedBuffer(byteCount: total)
    }

    func address(ofWorker worker: Int) -> UnsafeMutableRawPointer? {
      buffer.map { $0.address + worker * byteCount }
    }
  }

  /// The jobs of a node; nil where there is nothing to do because the output is the input's memory.
  func job(for node: ResolvedGraph.Node) throws(SessionError) -> ThreadPool.Job? {
    switch node.operation {
    case .patchify(let patch): patchify(node, patch: patch)
    case .linear(let weight, let bias, let activation):
      try linear(node, weight: weight, bias: bias, activation: activation)
    case .layerNorm(let weight, let bias, let epsilon):
      layerNorm(node, weight: weight, bias: bias, epsilon: epsilon)
    case .activation(let activation): activate(node, activation)
    case .add: combine(node, by: .sum)
    case .multiply: combine(node, by: .product)
    case .attention(let heads, let scale, let windows):
      try attention(node, heads: heads, scale: scale, within: windows)
    case .softmax: softmax(node)
    case .matmul(let transposes): matmul(node, transposesSecond: transposes)
    case .reshape: reshape(node)
    case .expand: expand(node)
    case .permute(let order): permute(node, order: order)
    case .concatenate(let axis): concatenate(node, axis: axis)
    case .slice(let axis, let start, _): slice(node, axis: axis, start: start)
    case .select(let axis, let index): slice(node, axis: axis, start: index)
    case .mean(let axes, _): mean(node, axes: axes)
    case .convert: convert(node)
    }
  }

  /// The memory of an operand.
  func address(of operand: ResolvedGraph.Operand) -> UnsafeMutableRawPointer {
    switch operand {
    case .value(let index): arena + plan.offset(ofValue: index)
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

  func outputAddress(of node: ResolvedGraph.Node) -> UnsafeMutableRawPointer { address(of: .value(node.output)) }

  func outputLengths(of node: ResolvedGraph.Node) -> [Int] { graph.lengths(of: .value(node.output), batch: batch) }

  func lengths(of operand: ResolvedGraph.Operand) -> [Int] { graph.lengths(of: operand, batch: batch) }

  /// How a node writes its output.
  func outputFormat(of node: ResolvedGraph.Node) -> swl_output { graph.value(node.output).kernelFormat }

  /// The type and quantisation of an operand.
  func format(of operand: ResolvedGraph.Operand) -> swl_output {
    switch operand {
    case .value(let index): graph.value(index).kernelFormat
    case .constant: swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    }
  }

  func elementSize(of operand: ResolvedGraph.Operand) -> Int {
    switch operand {
    case .value(let index): graph.value(index).type.byteCount
    case .constant(let index): graph.graph.constants[index].encoding.type.byteCount
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

  /// Elements that a tile of a cheap operation covers: enough to pay for taking it, few enough to share.
  static let elementsPerTile = 16384
}
