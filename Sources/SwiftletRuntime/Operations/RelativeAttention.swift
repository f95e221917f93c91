import CSwiftletKernels

extension Graph {
  /// Attention whose scores depend on how far a key is from a query, as conformers have it:
  /// `softmax(scale ((Q + u) Kᵀ + shifted((Q + v) Rᵀ))) V` for each head.
  ///
  /// Query i meets key j with row `tokens - 1 - i + j` of R: row 0 is for the first key seen from the last token.
  /// Inputs: queries, keys and values `[batch, tokens, width]`; R `[2 tokens - 1, width]` or `[1, 2 tokens - 1,
  /// width]`, what the layer makes of distances; then optionally `[batch]` (i64), how many of a sample's tokens there
  /// are: the keys beyond are hidden, and no key at all gives zeros.
  /// Source: Dai et al., "Transformer-XL" (2019), section 3.3.
  public struct RelativeAttention: GraphOperation {
    static let name = "relativeAttention"
    static let settings = ["heads", "scale", "contentBias", "positionBias"]
    public var heads: Int
    public var scale: Double
    /// Constants `[heads, width of a head]`, u and v.
    public var contentBias, positionBias: String?
  }
}

extension Graph.Operation {
  /// ``Graph/RelativeAttention``.
  public static func relativeAttention(
    heads: Int, scale: Double, contentBias: String? = nil, positionBias: String? = nil
  ) -> Self {
    Self(
      Graph.RelativeAttention(heads: heads, scale: scale, contentBias: contentBias, positionBias: positionBias))
  }
}

extension Graph.RelativeAttention {
  var parameters: [Graph.Parameter] { Graph.Parameter.tables(contentBias, positionBias) }
  var writesQuantized: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position < 3 ? .lines : .packed }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 4...5)
    guard scale.isFinite, abs(scale) < 1e30 else { throw Graph.Mismatch("the scale is \(scale)") }
    let x = inputs[0]
    guard x.count == 3, !x[1].isBatch, let width = x[2].fixedLength, inputs[1] == x, inputs[2] == x else {
      throw Graph.Mismatch(
        "expected queries, keys and values [batch, tokens, width], found "
          + inputs.prefix(3).map(OperationRules.text).joined(separator: ", "))
    }
    guard heads >= 1, width % heads == 0 else {
      throw Graph.Mismatch("\(heads) heads do not divide a width of \(width)")
    }
    let distances = x[1].multiplied(by: 2)?.adding(-1)
    guard let distances, inputs[3] == [distances, x[2]] || inputs[3] == [1, distances, x[2]] else {
      throw Graph.Mismatch(
        "\(OperationRules.text(inputs[3])) are no distances of \(OperationRules.text(x)): expected a row less than two "
          + "for each token")
    }
    for name in [contentBias, positionBias].compactMap(\.self) {
      let constant = try rules.parameter(name)
      guard constant.shape == [heads, width / heads], constant.encoding == .dense(.float32) else {
        throw Graph.Mismatch(
          "\(name) has shape \(constant.shape), expected [\(heads), \(width / heads)] as dense f32")
      }
    }
    guard inputs.count == 4 || inputs[4] == [x[0]] else {
      throw Graph.Mismatch(
        "the lengths have shape \(OperationRules.text(inputs[4])), expected one for each of \(OperationRules.text(x))")
    }
    try rules.checkWork(x, inner: 3 * max(1, x[1].length(rules.oneSample)))
    return x
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    for input in inputs.prefix(4) { try rules.check("the input", input.type, isAmong: [.float32, .bfloat16]) }
    guard Set(inputs.prefix(4).map(\.type)).count == 1 else {
      throw Graph.Mismatch("queries, keys, values and distances have different types")
    }
    if inputs.count > 4 { try rules.check("the lengths", inputs[4].type, isAmong: [.int64]) }
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  /// Two kinds of scores, and mixtures.
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    3 * output.reduce(1, *) * output[1]
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let lengths = compiler.outputLengths(of: node)
    func view(_ stream: Int) -> swl_heads {
      let strides = compiler.strides(of: node.inputs[stream])
      return swl_heads(
        data: compiler.address(of: node.inputs[stream]), batch_stride: strides[0],
        token_stride: strides[strides.count - 2])
    }
    var op = swl_attention()
    (op.isa, op.batch, op.heads, op.key_heads) = (compiler.instructionSet.code, lengths[0], heads, heads)
    (op.queries, op.keys, op.width) = (lengths[1], lengths[1], lengths[2] / heads)
    op.type = compiler.format(of: node.inputs[0]).type
    (op.q, op.k, op.v, op.r) = (view(0), view(1), view(2), view(3))
    (op.q_scale, op.k_scale, op.v_scale) = (1, 1, 1)
    (op.scale, op.masks, op.windows) = (Float(scale), 1, 1)
    op.content_bias = compiler.floats(ofConstant: contentBias)
    op.position_bias = compiler.floats(ofConstant: positionBias)
    if node.inputs.count > 4 {
      op.lengths = UnsafePointer(compiler.address(of: node.inputs[4]).assumingMemoryBound(to: Int64.self))
    }
    (op.y, op.output) = (compiler.outputAddress(of: node), compiler.outputFormat(of: node))
    compiler.scratch.reserve(swl_attention_scratch_size(&op))
    let (scratch, final) = (compiler.scratch, op)
    return ThreadPool.Job(tiles: swl_attention_tiles(&op)) { first, count, worker in
      withUnsafePointer(to: final) { swl_attention_run($0, first, count, scratch.address(ofWorker: worker)) }
    }
  }
}
