import CSwiftletKernels

extension Graph {
  /// `x / sqrt(mean(x²) + epsilon) * weight` over the last axis. Inputs: x.
  ///
  /// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), equation 4.
  public struct RMSNorm: GraphOperation {
    static let name = "rmsNorm"
    static let settings = ["weight", "epsilon"]
    public var weight: String?
    public var epsilon: Double
  }
}

extension Graph.Operation {
  /// ``Graph/RMSNorm``.
  public static func rmsNorm(weight: String?, epsilon: Double) -> Self {
    Self(Graph.RMSNorm(weight: weight, epsilon: epsilon))
  }
}

extension Graph.RMSNorm {
  var parameters: [Graph.Parameter] { Graph.Parameter.tables(weight) }
  var writesQuantized: Bool { true }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard let width = x.last?.fixedLength else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(x)) must be fixed")
    }
    guard epsilon.isFinite, epsilon >= 0, epsilon < 1e30 else { throw Graph.Mismatch("epsilon is \(epsilon)") }
    try rules.checkVector(weight, length: width)
    return x
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32])
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: node.inputs[0])
    let x = UnsafePointer(compiler.floats(of: node.inputs[0]))
    let gamma = compiler.floats(ofConstant: weight)
    let y = compiler.outputAddress(of: node)
    let format = compiler.outputFormat(of: node)
    let stride = width * compiler.elementSize(of: .value(node.output))
    let isa = compiler.instructionSet.code
    let epsilon = Float(epsilon)
    return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      swl_rms_norm(
        isa, x + rows.lowerBound * width, gamma, epsilon, y + rows.lowerBound * stride, format, rows.count, width)
    }
  }
}
