extension Graph {
  /// Axis `i` of the output is axis `order[i]` of the input. Inputs: x.
  public struct Permute: GraphOperation {
    static let name = "permute"
    static let settings = ["order"]
    public var order: [Int]
  }
}

extension Graph.Operation {
  /// ``Graph/Permute``.
  public static func permute(_ order: [Int]) -> Self { Self(Graph.Permute(order: order)) }
}

extension Graph.Permute {
  var onlyMovesElements: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard order.sorted() == Array(x.indices) else {
      throw Graph.Mismatch("\(order) is no order of the axes of \(OperationRules.text(x))")
    }
    return order.map { x[$0] }
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let target = compiler.outputLengths(of: node)
    let strides = compiler.strides(of: node.inputs[0])
    return compiler.copy(
      StridedLoop(shape: target, strides: [order.map { strides[$0] }, compiler.outputStrides(of: node)]), node)
  }
}
