extension Graph {
  /// One index of an axis, which disappears; where the axis is dynamic, the index may grow with it. Inputs: x.
  public struct Select: GraphOperation {
    static let name = "select"
    static let settings = ["axis", "index"]
    public var axis: Int
    public var index: Dimension
  }
}

extension Graph.Operation {
  /// ``Graph/Select``.
  public static func select(axis: Int, index: Graph.Dimension) -> Self {
    Self(Graph.Select(axis: axis, index: index))
  }
}

extension Graph.Select {
  var onlyMovesElements: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    var x = try rules.only(inputs)
    try rules.checkAxis(axis, of: x)
    let isInside =
      if let index = index.fixedLength, let length = x[axis].fixedLength {
        index >= 0 && index < length
      } else {
        (index.fixedLength ?? 0) >= 0
          && (index.axisName == nil || index.axisName == x[axis].axisName || x[axis].fixedLength != nil)
      }
    guard isInside else {
      throw Graph.Mismatch("the index \(index) lies outside axis \(axis) of \(OperationRules.text(x))")
    }
    x.remove(at: axis)
    return x
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? {
    let index = index.length(axes)
    guard (0..<input.shape[axis]).contains(index) else { return nil }
    return input.narrowed(axis, to: index..<index + 1).removing(axis)
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let (index, length) = (index.length(compiler.axes), compiler.lengths(of: node.inputs[0])[axis])
    guard (0..<length).contains(index) else {
      throw .range(node: node.name, start: index, end: index + 1, length: length, lengths: compiler.axes)
    }
    return compiler.copyOfView(node)
  }
}
