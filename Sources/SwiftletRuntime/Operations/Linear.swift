import CSwiftletKernels

extension Graph {
  /// `activation(x Wᵀ + bias) + residual` over the last axis. Inputs: x, and optionally the residual.
  public struct Linear: GraphOperation {
    static let name = "linear"
    static let settings = ["weight", "bias", "activation"]
    /// `[outputs, inputs]`.
    public var weight: String
    public var bias: String?
    public var activation: Activation?
  }
}

extension Graph.Operation {
  /// ``Graph/Linear``.
  public static func linear(weight: String, bias: String?, activation: Graph.Activation?) -> Self {
    Self(Graph.Linear(weight: weight, bias: bias, activation: activation))
  }
}

extension Graph.Linear {
  var parameters: [Graph.Parameter] { [.weight(weight)] + Graph.Parameter.tables(bias) }
  var writesQuantized: Bool { true }
  // Only the residual: the input itself is read for every output.
  func sharing(ofInput position: Int) -> Graph.Sharing { position == 1 ? .ifUnread : .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 0 ? .rows : .packed }
  // A residual lies as the output does.
  func outputAccess(inputs count: Int) -> Graph.Access { count == 1 ? .rows : .packed }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...2)
    let x = inputs[0]
    let matrix = try rules.matrix(weight)
    guard let last = x.last, last == .fixed(matrix.shape[1]) else {
      throw Graph.Mismatch(
        "the input \(OperationRules.text(x)) does not end in the \(matrix.shape[1]) columns of \(weight)")
    }
    try rules.checkVector(bias, length: matrix.shape[0])
    let output: Graph.Shape = Array(x.dropLast()) + [.fixed(matrix.shape[0])]
    try rules.checkWork(output, inner: matrix.shape[1])
    if inputs.count == 2, inputs[1] != output {
      throw Graph.Mismatch(
        "the residual has shape \(OperationRules.text(inputs[1])), expected \(OperationRules.text(output))")
    }
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.checkInput(inputs[0].type, ofWeight: weight)
    if inputs.count > 1 { try rules.check("the residual", inputs[1].type, isAmong: [.float32]) }
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    output.reduce(1, *) * weights(weight)[1]
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let packed = compiler.packed(.weight(weight))
    let input = node.inputs[0]
    let inputFormat = compiler.format(of: input)
    let residual = node.inputs.count > 1 ? UnsafePointer(compiler.floats(of: node.inputs[1])) : nil
    let scales = try compiler.integerScales(of: weight, input: inputFormat)
    let op = swl_linear(
      kernel: packed.kernel, shape: packed.shape, packed: packed.address(ofGroup: 0),
      tokens: compiler.lengths(of: input).dropLast().reduce(1, *),
      x: compiler.address(of: input), x_stride: compiler.layout(of: input).rowStride, x_type: inputFormat.type,
      x_zero_point: inputFormat.zero_point,
      y: compiler.outputAddress(of: node), y_stride: compiler.layout(of: .value(node.output)).rowStride,
      output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: scales.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) }, x_scales: nil,
        bias: compiler.floats(ofConstant: bias), activation: activation.kernelCode, residual: residual))
    return withUnsafePointer(to: op) { pointer in
      compiler.scratch.reserve(swl_linear_scratch_size(pointer))
      let scratch = compiler.scratch
      let threads = compiler.threads
      let shares = (0...threads).map { swl_linear_share(pointer, $0, threads) }
      return ThreadPool.Job(tiles: swl_linear_tiles(pointer), shares: shares) { first, count, worker in
        withExtendedLifetime((scales, packed)) {
          withUnsafePointer(to: op) { swl_linear_run($0, first, count, scratch.address(ofWorker: worker)) }
        }
      }
    }
  }
}
