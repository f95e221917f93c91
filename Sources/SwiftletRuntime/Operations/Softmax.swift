import CSwiftletKernels

extension Graph {
  /// Over the last axis. Inputs: x.
  public struct Softmax: GraphOperation {
    static let name = "softmax"
  }
}

extension Graph.Operation {
  /// ``Graph/Softmax``.
  public static let softmax = Self(Graph.Softmax())
}

extension Graph.Softmax {
  func sharing(ofInput position: Int) -> Graph.Sharing { .ifUnread }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard let last = x.last, !last.isBatch else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(x)) must be fixed")
    }
    return x
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: node.inputs[0])
    let (x, y) = (compiler.floats(of: node.inputs[0]), compiler.floats(of: .value(node.output)))
    let isa = compiler.instructionSet.code
    return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      swl_softmax(isa, x + rows.lowerBound * width, y + rows.lowerBound * width, rows.count, width)
    }
  }
}
