import CSwiftletKernels

extension Graph {
  /// Averages over neighbouring axes. Inputs: x.
  public struct Mean: GraphOperation {
    static let name = "mean"
    static let settings = ["axes", "keepsAxes"]
    public var axes: [Int]
    public var keepsAxes: Bool
  }
}

extension Graph.Operation {
  /// ``Graph/Mean``.
  public static func mean(axes: [Int], keepsAxes: Bool) -> Self { Self(Graph.Mean(axes: axes, keepsAxes: keepsAxes)) }
}

extension Graph.Mean {
  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    var x = try rules.only(inputs)
    guard let first = axes.first, axes.indices.allSatisfy({ axes[$0] - $0 == first }) else {
      throw Graph.Mismatch("the axes \(axes) are not neighbours in ascending order")
    }
    for axis in axes { try rules.checkAxis(axis, of: x) }
    for axis in axes.reversed() {
      if keepsAxes { x[axis] = .fixed(1) } else { x.remove(at: axis) }
    }
    return x
  }

  /// The axes are the rows of a block for each index before them.
  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let lengths = compiler.lengths(of: node.inputs[0])
    let (first, last) = (axes[0], axes[axes.count - 1])
    let blocks = lengths[..<first].reduce(1, *)
    let rows = lengths[first...last].reduce(1, *)
    let width = lengths[(last + 1)...].reduce(1, *)
    let (x, y) = (compiler.floats(of: node.inputs[0]), compiler.floats(of: .value(node.output)))
    let isa = compiler.instructionSet.code
    return compiler.job(over: blocks, itemsPerTile: StepCompiler.elementsPerTile / (rows * width)) { blocks in
      swl_mean_rows(
        isa, x + blocks.lowerBound * rows * width, y + blocks.lowerBound * width, blocks.count, rows, width)
    }
  }
}
