import CSwiftletKernels

/// Runs a model: packs its weights for this processor once, then computes outputs for inputs of any length of its
/// axes.
///
/// A session may be used from several threads; runs take turns. For runs side by side, make a session each.
public final class Session: Sendable {
  public let model: ModelFile
  /// Threads that take part in each run, the caller's included.
  public let threads: Int
  public let instructionSet: InstructionSet
  /// The kernel that runs each weight, such as `sparse_s8_avx512vnni`, by the weight's name.
  public let kernelNames: [String: String]
  private let state: State
  private let turn = Turn()

  /// What a session remembers between runs.
  private final class State: @unchecked Sendable {
    // Safe to share: only read and changed by whoever holds `turn`.
    let graph: ResolvedGraph
    let pool: ThreadPool
    let weights: [Graph.Parameter: PackedLinear]
    var executions: [Execution] = []

    init(_ graph: ResolvedGraph, pool: ThreadPool, weights: [Graph.Parameter: PackedLinear]) {
      (self.graph, self.pool, self.weights) = (graph, pool, weights)
    }
  }

  /// Tuples of lengths whose plans are kept.
  private static let executionLimit = 8

  /// - Parameters:
  ///   - threads: the caller's thread counts, so 1 starts none.
  ///   - instructionSet: the highest level that kernels may use; without one, the processor's.
  public init(_ model: ModelFile, threads: Int = 1, instructionSet: InstructionSet? = nil) throws(SessionError) {
    self.model = model
    self.threads = threads
    self.instructionSet = instructionSet ?? .best
    guard InstructionSet.best.includes(self.instructionSet) else {
      throw .instructionSet(self.instructionSet, best: .best)
    }
    let pool = try ThreadPool(threads: threads)
    let graph = ResolvedGraph(model.graph)
    let weights = try model.packed.weights(of: graph, in: model.stored, for: self.instructionSet, on: pool)
    kernelNames = Dictionary(weights.map { ($0.name, $1.kernelName) }, uniquingKeysWith: { first, _ in first })
    state = State(graph, pool: pool, weights: weights)
  }

  /// The outputs of the graph for its inputs, both in the graph's order. States are zeros, and forgotten afterwards.
  public func run(_ inputs: [NDArray]) throws(SessionError) -> [NDArray] {
    try run(inputs) { (_: Execution.Step, _: Execution, _: ResolvedGraph, work: () -> Void) in work() }
  }

  /// The outputs for the inputs, reading and writing what the graph remembers.
  public func run(_ inputs: [NDArray], state: inout SessionState) throws(SessionError) -> [NDArray] {
    guard state.isOf(self.state.graph) else { throw .foreignState }
    return try run(inputs, try state.writable()) {
      (_: Execution.Step, _: Execution, _: ResolvedGraph, work: () -> Void) in work()
    }
  }

  /// What layers multiply by.
  var weights: [Graph.Parameter: PackedLinear] { state.weights }

  /// What the graph remembers before its first run: zeros.
  public func makeState() throws(SessionError) -> SessionState { try SessionState(state.graph) }

  /// The outputs of the graph for its inputs, both by name.
  public func run(_ inputs: [String: NDArray]) throws(SessionError) -> [String: NDArray] {
    named(try run(inOrder(inputs)))
  }

  /// The outputs for the inputs, both by name, reading and writing what the graph remembers.
  public func run(
    _ inputs: [String: NDArray], state: inout SessionState
  ) throws(SessionError) -> [String: NDArray] { named(try run(inOrder(inputs), state: &state)) }

  private func inOrder(_ inputs: [String: NDArray]) throws(SessionError) -> [NDArray] {
    let names = model.graph.inputs
    if let stranger = inputs.keys.filter({ !names.contains($0) }).min() { throw .inputName(stranger, known: names) }
    var inOrder: [NDArray] = []
    for name in names {
      guard let input = inputs[name] else { throw .inputName(name, known: names) }
      inOrder.append(input)
    }
    return inOrder
  }

  private func named(_ outputs: [NDArray]) -> [String: NDArray] {
    Dictionary(zip(model.graph.outputs, outputs), uniquingKeysWith: { first, _ in first })
  }

  /// Runs, and shows each f32 value right after it is computed, inputs first: for calibration.
  ///
  /// The elements are only valid during the call.
  public func run(
    _ inputs: [NDArray], observing observe: (_ value: Graph.Value, _ elements: UnsafeBufferPointer<Float>) -> Void
  ) throws(SessionError) -> [NDArray] {
    func show(_ index: Int, _ execution: Execution, _ graph: ResolvedGraph) {
      let value = graph.value(index)
      guard value.type == .float32 else { return }
      execution.withElements(ofValue: index, elementSize: value.type.byteCount) { start in
        let count = value.elementCount(execution.lengths)
        observe(value, UnsafeBufferPointer(start: start.assumingMemoryBound(to: Float.self), count: count))
      }
    }
    var isFirst = true
    return try run(inputs) { (step: Execution.Step, execution: Execution, graph: ResolvedGraph, work: () -> Void) in
      if isFirst { for input in graph.inputs { show(input, execution, graph) } }
      isFirst = false
      work()
      // A copy in another order was shown in the first.
      if graph.graph.values.indices.contains(step.node.output) { show(step.node.output, execution, graph) }
    }
  }

  /// Runs with `around` about each step's work, which it has to call.
  ///
  /// - Parameters:
  ///   - memory: of the states; without any, new memory if the graph has states.
  ///   - wrapping: what is run in a job's place.
  func run(
    _ inputs: [NDArray], _ memory: SessionState.Memory? = nil,
    around: (_ step: Execution.Step, _ execution: Execution, _ graph: ResolvedGraph, _ work: () -> Void) -> Void,
    wrapping: (_ step: Execution.Step, _ job: ThreadPool.Job) -> ThreadPool.Job = { $1 }
  ) throws(SessionError) -> [NDArray] {
    let lengths = try axisLengths(of: inputs)
    try checkPositions(inputs, lengths)
    try checkTables(inputs, lengths)
    var memory = memory
    if memory == nil, !state.graph.states.isEmpty { memory = try makeState().memory }
    let states = memory
    return try inTurn { () throws(SessionError) in
      let execution = try self.execution(at: lengths, states)
      for (index, input) in zip(state.graph.inputs, inputs) {
        load(input, as: state.graph.value(index), at: execution.address(ofValue: index))
      }
      return withExtendedLifetime(states) {
        for step in execution.steps {
          let job = step.job.map { wrapping(step, $0) }
          around(step, execution, execution.plan.graph) { if let job { state.pool.run(job) } }
        }
        return state.graph.outputs.map { index in
          let value = state.graph.value(index)
          return execution.withElements(ofValue: index, elementSize: value.type.byteCount) {
            read(value, at: $0, lengths)
          }
        }
      }
    }
  }

  /// The bytes of the packed weights, which sessions of one model and instruction set share.
  public var weightByteCount: Int { state.weights.values.reduce(0) { $0 + $1.byteCount } }

  /// The bytes of the arena, the memory for values, at certain lengths of the axes.
  public func arenaByteCount(at lengths: Graph.AxisLengths) throws(SessionError) -> Int {
    try MemoryPlan(ResolvedGraph(model.graph), lengths).arenaByteCount
  }

  /// The bytes of the arena at a batch size; every other axis has its greatest length.
  public func arenaByteCount(batch: Int) throws(SessionError) -> Int {
    try arenaByteCount(at: model.graph.lengths(batch: batch))
  }

  /// The execution of a batch size, prepared if need be: for tests of the steady state.
  func withExecution<Result>(batch: Int, _ body: (Execution) -> Result) throws(SessionError) -> Result {
    try inTurn { () throws(SessionError) in body(try execution(at: model.graph.lengths(batch: batch), nil)) }
  }

  private func inTurn<Result>(_ body: () throws(SessionError) -> Result) throws(SessionError) -> Result {
    turn.take()
    defer { turn.give() }
    return try body()
  }

  private func execution(
    at lengths: Graph.AxisLengths, _ memory: SessionState.Memory?
  ) throws(SessionError) -> Execution {
    let known = state.executions.firstIndex { $0.lengths == lengths && $0.memoryNumber == memory?.number }
    if let known {
      // The one that was used longest ago comes first, and goes first.
      let execution = state.executions.remove(at: known)
      state.executions.append(execution)
      return execution
    }
    let execution = try Execution(
      state.graph, of: model.stored, weights: state.weights, lengths: lengths, memory: memory,
      instructionSet: instructionSet,
      threads: threads,
      reusing: state.executions.map(\.sharedArena).max { $0.byteCount < $1.byteCount })
    if state.executions.count == Self.executionLimit { state.executions.removeFirst() }
    state.executions.append(execution)
    return execution
  }
}

// MARK: Inputs and outputs

extension Session {
  /// Checks the inputs against the graph and finds the lengths that they agree on; 1 for an axis that no input has.
  private func axisLengths(of inputs: [NDArray]) throws(SessionError) -> Graph.AxisLengths {
    let graph = model.graph
    guard inputs.count == graph.inputs.count else {
      throw .inputCount(expected: graph.inputs.count, found: inputs.count)
    }
    let values = state.graph.inputs.map { state.graph.value($0) }
    let maxima = Dictionary(graph.axes.map { ($0.name, $0.maximum) }, uniquingKeysWith: { first, _ in first })
    var lengths = Graph.AxisLengths(maxima.mapValues { _ in 1 })
    var known = Set<String>()
    for (value, input) in zip(values, inputs) {
      guard input.shape.count == value.shape.count else { throw wrongShape(input, of: value) }
      // The axis itself follows from a plain multiple of it.
      for (length, dimension) in zip(input.shape, value.shape) {
        guard case .extent(let extent) = dimension, extent.divisor == 1 else { continue }
        let (axis, remainder) = (length - extent.offset).quotientAndRemainder(dividingBy: extent.scale)
        guard remainder == 0 else { throw wrongShape(input, of: value) }
        let maximum = maxima[extent.axis] ?? 1
        guard (1...maximum).contains(axis), !known.contains(extent.axis) || lengths[extent.axis] == axis else {
          throw .axis(extent.axis, axis, maximum: maximum)
        }
        known.insert(extent.axis)
        lengths[extent.axis] = axis
      }
    }
    for (value, input) in zip(values, inputs) {
      guard input.shape == value.shape.map({ $0.length(lengths) }) else { throw wrongShape(input, of: value) }
      let found = input.elements.typeName
      let expected: Graph.ElementType = value.type == .bfloat16 ? .float32 : value.type
      guard found == expected.rawValue else {
        throw .inputType(name: value.name, expected: expected.rawValue, found: found)
      }
    }
    return lengths
  }

  /// Refuses positions at which an append would write outside its state.
  private func checkPositions(_ inputs: [NDArray], _ lengths: Graph.AxisLengths) throws(SessionError) {
    let graph = state.graph
    for node in graph.nodes {
      guard let operand = node.operation.positionInput, case .value(let value) = node.inputs[operand],
        let input = graph.inputs.firstIndex(of: value), case .int64(let numbers) = inputs[input].elements,
        let position = numbers.first
      else { continue }
      let shapes = node.inputs.map { graph.shape(of: $0).map { $0.length(lengths) } }
      let (count, capacity) = node.operation.positions(of: shapes)
      guard position >= 0, position <= capacity, count <= capacity - Int(position) else {
        throw .position(node: node.name, first: Int(position), count: count, capacity: capacity)
      }
    }
  }

  /// Refuses ids and positions that tables do not have.
  private func checkTables(_ inputs: [NDArray], _ lengths: Graph.AxisLengths) throws(SessionError) {
    let graph = state.graph
    for node in graph.nodes {
      guard let position = node.operation.lookedUpInput, node.inputs.indices.contains(position),
        case .value(let value) = node.inputs[position], let input = graph.inputs.firstIndex(of: value),
        case .int64(let numbers) = inputs[input].elements
      else { continue }
      try node.operation.checkLookUp(numbers, by: node, graph, lengths)
    }
  }

  private func wrongShape(_ input: NDArray, of value: Graph.Value) -> SessionError {
    .inputShape(name: value.name, expected: OperationRules.text(value.shape), found: input.shape)
  }

  private func load(_ input: NDArray, as value: Graph.Value, at address: UnsafeMutableRawPointer) {
    switch input.elements {
    case .float32(let elements):
      elements.withUnsafeBufferPointer { floats in
        if let start = floats.baseAddress {
          swl_write(instructionSet.code, start, value.kernelFormat, address, floats.count)
        }
      }
    case .uint8(let elements): address.copyMemory(elements)
    case .int64(let elements): address.copyMemory(elements)
    }
  }

  private func read(
    _ value: Graph.Value, at address: UnsafeMutableRawPointer, _ lengths: Graph.AxisLengths
  ) -> NDArray {
    let shape = value.shape.map { $0.length(lengths) }
    let count = value.elementCount(lengths)
    switch value.type {
    case .float32, .bfloat16, .float16, .int8, .uint4:
      let floats = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        if let start = buffer.baseAddress { swl_read(instructionSet.code, address, value.kernelFormat, start, count) }
        initializedCount = count
      }
      return NDArray(floats, shape: shape)
    case .uint8: return NDArray(.uint8(address.elements(count)), shape: shape)
    case .int64: return NDArray(.int64(address.elements(count)), shape: shape)
    }
  }
}

extension Graph.Value {
  func elementCount(_ lengths: Graph.AxisLengths) -> Int { shape.reduce(1) { $0 * $1.length(lengths) } }
  func byteCount(_ lengths: Graph.AxisLengths) -> Int { elementCount(lengths) * type.byteCount }
}

extension NDArray.Elements {
  fileprivate var typeName: String {
    switch self {
    case .float32: Graph.ElementType.float32.rawValue
    case .uint8: Graph.ElementType.uint8.rawValue
    case .int64: Graph.ElementType.int64.rawValue
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func copyMemory<Element: BitwiseCopyable>(_ elements: [Element]) {
    elements.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { copyMemory(from: start, byteCount: bytes.count) }
    }
  }

  fileprivate func elements<Element: BitwiseCopyable>(_ count: Int) -> [Element] {
    Array(UnsafeBufferPointer(start: assumingMemoryBound(to: Element.self), count: count))
  }
}
