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
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .any }
  var imageOrder: Graph.ImageOrder { .asInputs }

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

  /// The bounds in a run; nil where they do not lie in an axis of this length.
  func range(of length: Int, _ axes: Graph.AxisLengths) -> Range<Int>? {
    let (start, end) = (start.length(axes), end.length(axes))
    return 0 <= start && start < end && end <= length ? start..<end : nil
  }

  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? {
    range(of: input.shape[axis], axes).map { input.narrowed(axis, to: $0) }
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let (axes, length) = (compiler.axes, compiler.lengths(of: node.inputs[0])[axis])
    guard range(of: length, axes) != nil else {
      throw .range(node: node.name, start: start.length(axes), end: end.length(axes), length: length, lengths: axes)
    }
    return compiler.copyOfView(node)
  }
}
