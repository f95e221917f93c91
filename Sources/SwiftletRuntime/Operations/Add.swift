extension Graph {
  /// Sums with broadcasting. Inputs: two.
  public struct Add: GraphOperation {
    static let name = "add"
  }
}

extension Graph.Operation {
  /// ``Graph/Add``.
  public static let add = Self(Graph.Add())
}

extension Graph.Add {
  var isElementwise: Bool { true }
  func sharing(ofInput position: Int) -> Graph.Sharing { .ifUnread }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .lines }
  func outputAccess(inputs count: Int) -> Graph.Access { .lines }
  var imageOrder: Graph.ImageOrder { .asInputs }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 2...2)
    return try rules.broadcast(inputs[0], inputs[1])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    compiler.combine(node, by: .sum)
  }
}
