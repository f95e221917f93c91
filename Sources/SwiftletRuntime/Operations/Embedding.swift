extension Graph {
  /// Rows of a table by their numbers. Inputs: ids (i64), which are a graph input, so that a run with an id beyond the table
  /// is refused before it reads. The output has the ids' axes and then the table's row.
  public struct Embedding: GraphOperation {
    static let name = "embedding"
    static let settings = ["table"]
    /// `[rows, width]`: dense f32, bf16, f16 or s8, or u4.
    public var table: String
  }
}

extension Graph.Operation {
  /// ``Graph/Embedding``.
  public static func embedding(table: String) -> Self { Self(Graph.Embedding(table: table)) }
}

extension Graph.Embedding {
  var parameters: [Graph.Parameter] { Graph.Parameter.tables(table) }
  var lookedUpInput: Int? { 0 }

  func checkLookUp(
    _ numbers: [Int64], by node: ResolvedGraph.Node, _ graph: ResolvedGraph, _ lengths: Graph.AxisLengths
  ) throws(SessionError) {
    let rows = graph.graph.constant(named: table)?.shape[0] ?? 0
    if let id = numbers.first(where: { !(0..<Int64(rows)).contains($0) }) {
      throw .id(node: node.name, id: Int(id), rows: rows)
    }
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let ids = try rules.only(inputs)
    let table = try rules.parameter(table)
    let types: [Graph.ElementType] = [.float32, .bfloat16, .float16, .int8, .uint4]
    guard table.shape.count == 2, table.encoding.pattern == nil, types.contains(table.encoding.type) else {
      throw Graph.Mismatch(
        "\(table.name) of \(table.encoding.type.rawValue) and shape \(table.shape) is no dense table of f32, bf16, f16, s8 "
          + "or u4")
    }
    return ids + [.fixed(table.shape[1])]
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.int64])
    try rules.check("the output", output.type, isAmong: [.float32])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: .value(node.output))
    guard let constant = compiler.graph.graph.constant(named: table) else {
      preconditionFailure("there is no \(table)")
    }
    let ids = compiler.address(of: node.inputs[0]).assumingMemoryBound(to: Int64.self)
    let y = compiler.floats(of: .value(node.output))
    let table = DecodedRows(of: constant, in: compiler.file)
    return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      for row in rows { table.decode(row: Int(ids[row]), into: y + row * width) }
    }
  }
}
