extension Graph {
  /// Overwrites a state: a streaming convolution keeps its last frames so. The output is the state. Inputs: state, x.
  public struct Assign: GraphOperation {
    static let name = "assign"
  }
}

extension Graph.Operation {
  /// ``Graph/Assign``.
  public static let assign = Self(Graph.Assign())
}

extension Graph.Assign {
  var onlyMovesElements: Bool { true }
  var changesFirstInput: Bool { true }
  func sharing(ofInput position: Int) -> Graph.Sharing { position == 0 ? .always : .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 1 ? .any : .packed }
  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? { input }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 2...2)
    guard inputs[0] == inputs[1] else {
      throw Graph.Mismatch(
        "\(OperationRules.text(inputs[1])) cannot stand in the place of \(OperationRules.text(inputs[0]))")
    }
    return inputs[0]
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let loop = StridedLoop(
      shape: compiler.outputLengths(of: node),
      strides: [compiler.strides(of: node.inputs[1]), compiler.outputStrides(of: node)])
    return compiler.copy([StepCompiler.Copy(loop: loop, node.inputs[1])], node)
  }
}
