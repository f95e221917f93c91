extension Graph {
  /// Writes x into a state from a position of an axis on, where it lies: a cache of keys and values grows so.
  ///
  /// The position is a graph input, so that a run is refused before it writes beyond the state. The output is the whole
  /// state. Inputs: state, x, position (i64, one element).
  public struct Append: GraphOperation {
    static let name = "append"
    static let settings = ["axis"]
    public var axis: Int
  }
}

extension Graph.Operation {
  /// ``Graph/Append``.
  public static func append(axis: Int) -> Self { Self(Graph.Append(axis: axis)) }
}

extension Graph.Append {
  var onlyMovesElements: Bool { true }
  var changesFirstInput: Bool { true }
  var positionInput: Int? { 2 }
  func positions(of inputs: [[Int]]) -> (count: Int, capacity: Int) { (inputs[1][axis], inputs[0][axis]) }
  func sharing(ofInput position: Int) -> Graph.Sharing { position == 0 ? .always : .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 1 ? .any : .packed }
  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? { input }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 3...3)
    let (state, x) = (inputs[0], inputs[1])
    guard state.indices.contains(axis), x.count == state.count,
      state.indices.allSatisfy({ $0 == axis || state[$0] == x[$0] }), let capacity = state[axis].fixedLength,
      x[axis].fixedLength ?? 1 <= capacity
    else {
      throw Graph.Mismatch(
        "\(OperationRules.text(x)) cannot be appended to \(OperationRules.text(state)) along axis \(axis)")
    }
    try rules.checkPosition(inputs[2])
    return state
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.checkMoved(Array(inputs.prefix(2)), to: output)
    try rules.check("the position", inputs[2].type, isAmong: [.int64])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (x, strides) = (compiler.layout(of: node.inputs[1]), compiler.outputStrides(of: node))
    let position = compiler.address(of: node.inputs[2]).assumingMemoryBound(to: Int64.self)
    let step = strides[axis]
    let loop = StridedLoop(shape: x.shape, strides: [x.strides, strides])
    return compiler.copy([StepCompiler.Copy(loop: loop, node.inputs[1])], node) { Int(position.pointee) * step }
  }
}
