extension Graph {
  /// The same elements under another shape. Inputs: x.
  public struct Reshape: GraphOperation {
    static let name = "reshape"
    static let settings = ["shape"]
    public var shape: Shape
  }
}

extension Graph.Operation {
  /// ``Graph/Reshape``.
  public static func reshape(_ shape: Graph.Shape) -> Self { Self(Graph.Reshape(shape: shape)) }
}

extension Graph.Reshape {
  var onlyMovesElements: Bool { true }
  func sharing(ofInput position: Int) -> Graph.Sharing { .always }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }

  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? {
    input.reshaped(to: shape)
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    try rules.checkShape(shape)
    guard let count = ElementCount(x), count == ElementCount(shape) else {
      throw Graph.Mismatch("\(OperationRules.text(x)) cannot be reshaped to \(OperationRules.text(shape))")
    }
    return shape
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  /// Nothing to do, unless a constant has to come into the arena.
  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    guard case .constant = node.inputs[0] else { return nil }
    let shape = compiler.outputLengths(of: node)
    let strides = [StridedLoop.contiguousStrides(of: shape), compiler.outputStrides(of: node)]
    return compiler.copy(StridedLoop(shape: shape, strides: strides), node)
  }
}
