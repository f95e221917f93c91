extension Graph {
  /// Repeats axes of length 1, and the whole along new outer axes. Inputs: x.
  public struct Expand: GraphOperation {
    static let name = "expand"
    static let settings = ["shape"]
    public var shape: Shape
  }
}

extension Graph.Operation {
  /// ``Graph/Expand``.
  public static func expand(_ shape: Graph.Shape) -> Self { Self(Graph.Expand(shape: shape)) }
}

extension Graph.Expand {
  var onlyMovesElements: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    try rules.checkShape(shape)
    guard try rules.broadcast(x, shape) == shape else {
      throw Graph.Mismatch("\(OperationRules.text(x)) cannot be expanded to \(OperationRules.text(shape))")
    }
    return shape
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let target = compiler.outputLengths(of: node)
    let strides = StridedLoop.broadcastStrides(of: compiler.layout(of: node.inputs[0]), to: target)
    return compiler.copy(StridedLoop(shape: target, strides: [strides, compiler.outputStrides(of: node)]), node)
  }
}
