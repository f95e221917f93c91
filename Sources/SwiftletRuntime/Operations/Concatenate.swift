extension Graph {
  /// Inputs one after the other along an axis. Inputs: one or more.
  public struct Concatenate: GraphOperation {
    static let name = "concatenate"
    static let settings = ["axis"]
    public var axis: Int
  }
}

extension Graph.Operation {
  /// ``Graph/Concatenate``.
  public static func concatenate(axis: Int) -> Self { Self(Graph.Concatenate(axis: axis)) }
}

extension Graph.Concatenate {
  var onlyMovesElements: Bool { true }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...Graph.Limit.parts)
    var output = inputs[0]
    try rules.checkAxis(axis, of: output)
    for x in inputs.dropFirst() {
      try rules.checkAxis(axis, of: x)
      guard x.count == output.count, x.indices.allSatisfy({ $0 == axis || x[$0] == output[$0] }),
        let sum = output[axis].adding(x[axis])
      else {
        throw Graph.Mismatch(
          "\(OperationRules.text(x)) cannot be joined to \(OperationRules.text(output)) along axis \(axis)")
      }
      output[axis] = sum
    }
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let strides = StridedLoop.contiguousStrides(of: compiler.outputLengths(of: node))
    var start = 0
    let copies = node.inputs.map { input in
      let lengths = compiler.lengths(of: input)
      defer { start += lengths[axis] * strides[axis] }
      let loop = StridedLoop(shape: lengths, strides: [StridedLoop.contiguousStrides(of: lengths), strides])
      return StepCompiler.Copy(loop: loop, y: start, input)
    }
    return compiler.copy(copies, node)
  }
}
