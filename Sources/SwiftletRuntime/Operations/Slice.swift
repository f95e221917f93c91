extension Graph {
  /// The half-open range `start..<end` of an axis; where the axis is dynamic, the bounds may grow with it. Inputs: x.
  public struct Slice: GraphOperation {
    static let name = "slice"
    static let settings = ["axis", "start", "end"]
    public var axis: Int
    public var start: Dimension
    public var end: Dimension
  }
}

extension Graph.Operation {
  /// ``Graph/Slice``.
  public static func slice(axis: Int, start: Graph.Dimension, end: Graph.Dimension) -> Self {
    Self(Graph.Slice(axis: axis, start: start, end: end))
  }
}

extension Graph.Slice {
  var onlyMovesElements: Bool { true }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    var x = try rules.only(inputs)
    try rules.checkAxis(axis, of: x)
    let length = x[axis]
    let isInside =
      if let start = start.fixedLength, let end = end.fixedLength, let length = length.fixedLength {
        start >= 0 && start < end && end <= length
      } else {
        // Other bounds are checked against the lengths of each run.
        [start, end].allSatisfy { $0.axisName == nil || $0.axisName == length.axisName || length.fixedLength != nil }
          && (start.fixedLength ?? 0) >= 0
      }
    guard isInside, let count = end.subtracting(start), (count.fixedLength ?? 1) >= 1 else {
      throw Graph.Mismatch("\(start)..<\(end) does not lie in axis \(axis) of \(OperationRules.text(x))")
    }
    x[axis] = count
    return x
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try rules.checkMoved(inputs, to: output) }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    try compiler.slice(node, axis: axis, start: start.length(compiler.axes), end: end.length(compiler.axes))
  }
}
