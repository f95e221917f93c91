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
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }
  var imageOrder: Graph.ImageOrder { .asInputs }

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
    let whole = compiler.layout(of: .value(node.output))
    var start = 0
    let copies = node.inputs.compactMap { input -> StepCompiler.Copy? in
      let layout = compiler.layout(of: input)
      let place = whole.narrowed(axis, to: start..<start + layout.shape[axis])
      start += layout.shape[axis]
      // What was written in its place needs no copy.
      if layout.coincides(with: place), compiler.shareMemory(input, .value(node.output)) { return nil }
      return StepCompiler.Copy(
        loop: StridedLoop(shape: layout.shape, strides: [layout.strides, place.strides]),
        y: place.offset - whole.offset, input)
    }
    return copies.isEmpty ? nil : compiler.copy(copies, node)
  }
}
