import CSwiftletKernels

extension Graph {
  /// Over the last axis. Inputs: x.
  public struct Softmax: GraphOperation {
    static let name = "softmax"
    static let settings = ["causal"]
    /// The last two axes are queries and keys, the last query stands at the last key, and the keys behind a query's own
    /// get nothing.
    public var causal = false
  }
}

extension Graph.Operation {
  /// ``Graph/Softmax``.
  public static let softmax = Self(Graph.Softmax())
  public static func softmax(causal: Bool) -> Self { Self(Graph.Softmax(causal: causal)) }
}

extension Graph.Softmax: Codable {
  enum CodingKeys: String, CodingKey { case causal }

  public init(from decoder: any Decoder) throws {
    causal = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Bool.self, forKey: .causal) ?? false
  }

  /// What has its default is left out, as in files that were written before it could be said.
  public func encode(to encoder: any Encoder) throws {
    guard causal else { return }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(causal, forKey: .causal)
  }
}

extension Graph.Softmax {
  func sharing(ofInput position: Int) -> Graph.Sharing { .ifUnread }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard let last = x.last, !last.isBatch else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(x)) must be fixed")
    }
    guard causal else { return x }
    let queries = x.count > 1 ? x[x.count - 2] : 1
    let fit = queries.fixedLength.flatMap { queries in last.fixedLength.map { queries <= $0 } }
    guard fit ?? (queries == last) else {
      throw Graph.Mismatch("causal scores \(OperationRules.text(x)) have no keys for all queries at their end")
    }
    return x
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: node.inputs[0])
    let (x, y) = (compiler.floats(of: node.inputs[0]), compiler.floats(of: .value(node.output)))
    let isa = compiler.instructionSet.code
    if causal {
      let queries = compiler.lengths(of: node.inputs[0]).dropLast().last ?? 1
      return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
        for row in rows {
          let seen = width - queries + row % queries + 1
          swl_softmax(isa, x + row * width, y + row * width, 1, seen)
          (y + row * width + seen).update(repeating: 0, count: width - seen)
        }
      }
    }
    return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      swl_softmax(isa, x + rows.lowerBound * width, y + rows.lowerBound * width, rows.count, width)
    }
  }
}
