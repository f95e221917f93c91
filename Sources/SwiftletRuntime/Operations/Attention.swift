import CSwiftletKernels

extension Graph {
  /// `softmax(scale * Q Kᵀ + mask) V` for each head.
  ///
  /// Inputs: `[batch, tokens, 3 * width]` with queries, keys and values side by side, or three of them
  /// `[batch, tokens, width]`; then optionally a mask that is added to the scores: `[queries, keys]`,
  /// `[heads, queries, keys]` or `[batch, 1, queries, keys]`. Within windows there is no mask: each token sees the tokens
  /// of its window.
  public struct Attention: GraphOperation {
    static let name = "attention"
    static let settings = ["heads", "scale", "windows"]
    public var heads: Int
    public var scale: Double
    public var windows: AttentionWindows?
  }
}

extension Graph.Operation {
  /// ``Graph/Attention``.
  public static func attention(heads: Int, scale: Double, windows: Graph.AttentionWindows? = nil) -> Self {
    Self(Graph.Attention(heads: heads, scale: scale, windows: windows))
  }
}

extension Graph.Attention {
  var parameters: [Graph.Parameter] { Graph.Parameter.tables(windows?.biases) }
  var writesQuantized: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access {
    position < (count <= 2 ? 1 : 3) ? .lines : .packed
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...4)
    guard scale.isFinite, abs(scale) < 1e30 else { throw Graph.Mismatch("the scale is \(scale)") }
    let isPacked = inputs.count <= 2
    for x in inputs.prefix(isPacked ? 1 : 3) {
      guard x.count == 3, !x[1].isBatch, x[2].fixedLength != nil else {
        throw Graph.Mismatch("expected [batch, tokens, width], found \(OperationRules.text(x))")
      }
    }
    var output = inputs[0]
    let keys = inputs[isPacked ? 0 : 1]
    if isPacked {
      guard output[2].factor % 3 == 0 else {
        throw Graph.Mismatch("the width of \(OperationRules.text(output)) is not three times a width")
      }
      output[2] = .fixed(output[2].factor / 3)
    } else {
      guard inputs[2] == keys, keys[0] == output[0], keys[2] == output[2] else {
        throw Graph.Mismatch(
          "queries \(OperationRules.text(output)), keys \(OperationRules.text(keys)) and values "
            + "\(OperationRules.text(inputs[2])) do not agree")
      }
    }
    guard heads >= 1, output[2].factor % heads == 0 else {
      throw Graph.Mismatch("\(heads) heads do not divide a width of \(output[2].factor)")
    }
    if let windows {
      try windows.check(
        heads: heads, queries: output[1], keys: keys[1], isMasked: inputs.count % 2 == 0, rules)
    }
    try rules.checkWork(output, inner: 2 * (windows?.tokens ?? max(1, keys[1].length(rules.oneSample))))
    if inputs.count % 2 == 0, let mask = inputs.last {
      let (queries, keys) = (output[1], keys[1])
      let shapes: [Graph.Shape] = [
        [queries, keys], [.fixed(heads), queries, keys], [1, .fixed(heads), queries, keys], [1, 1, queries, keys],
        [output[0], 1, queries, keys],
      ]
      guard shapes.contains(mask) else {
        throw Graph.Mismatch(
          "the mask is \(OperationRules.text(mask)), expected [queries, keys], [heads, queries, keys] or "
            + "[batch, 1, queries, keys] with \(queries) queries, \(keys) keys and \(heads) heads")
      }
    }
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    let types = inputs.map(\.type)
    let streams = types.prefix(types.count <= 2 ? 1 : 3)
    for type in streams { try rules.check("the input", type, isAmong: rules.writable) }
    guard Set(streams).count == 1 else { throw Graph.Mismatch("queries, keys and values have different types") }
    if types.count > streams.count { try rules.check("the mask", types[streams.count], isAmong: [.float32]) }
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  /// Scores and mixtures: each of `width` products for every pair of a query and a key.
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    2 * output.reduce(1, *) * (windows?.tokens ?? inputs[inputs.count <= 2 ? 0 : 1][1])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let isPacked = node.inputs.count <= 2
    let streams = isPacked ? Array(repeating: node.inputs[0], count: 3) : Array(node.inputs.prefix(3))
    let output = compiler.outputLengths(of: node)
    let (queries, width) = (windows?.tokens ?? output[1], output[2])
    let keys = windows?.tokens ?? compiler.lengths(of: streams[1])[1]
    let formats = streams.map { compiler.format(of: $0) }

    /// The view of queries, keys or values: side by side in one tensor, or a tensor each.
    func view(_ stream: Int) -> swl_heads {
      let strides = compiler.strides(of: streams[stream])
      let start = isPacked ? stream * width * compiler.elementSize(of: streams[stream]) : 0
      return swl_heads(
        data: compiler.address(of: streams[stream]) + start, batch_stride: strides[0], token_stride: strides[1])
    }
    let count = windows?.count ?? 1
    var op = swl_attention(
      isa: compiler.instructionSet.code, batch: output[0] * count, heads: heads, queries: queries, keys: keys,
      width: width / heads, type: formats[0].type, q: view(0), k: view(1), v: view(2),
      q_scale: formats[0].scale, k_scale: formats[1].scale, v_scale: formats[2].scale,
      q_zero_point: formats[0].zero_point, k_zero_point: formats[1].zero_point, v_zero_point: formats[2].zero_point,
      scale: Float(scale), bias: nil, mask: nil, masks: 1, rows: nil, windows: count,
      y: compiler.outputAddress(of: node), output: compiler.outputFormat(of: node))
    if node.inputs.count % 2 == 0, let mask = node.inputs.last {
      let shape = compiler.graph.shape(of: mask)
      let floats = UnsafePointer(compiler.floats(of: mask))
      // [queries, keys] for all, [batch, 1, queries, keys] for each sample, and otherwise one for each head.
      if shape.count == 4, shape[1] == 1, shape[0] != 1 {
        (op.mask, op.masks) = (floats, output[0])
      } else if shape.dropLast(2).allSatisfy({ $0 == 1 }) {
        op.mask = floats
      } else {
        op.bias = floats
      }
    }
    var tables: WindowTables?
    if let windows {
      let made = try WindowTables(windows, biases: compiler.floats(ofConstant: windows.biases), heads: heads)
      (op.rows, op.bias, op.mask, op.masks) = (made.rows, made.bias, made.mask, count)
      tables = made
    }
    compiler.scratch.reserve(swl_attention_scratch_size(&op))
    let (scratch, final, kept) = (compiler.scratch, op, tables)
    return ThreadPool.Job(tiles: swl_attention_tiles(&op)) { first, count, worker in
      withExtendedLifetime(kept) {
        withUnsafePointer(to: final) { swl_attention_run($0, first, count, scratch.address(ofWorker: worker)) }
      }
    }
  }
}

extension Graph.AttentionWindows {
  fileprivate func check(
    heads: Int, queries: Graph.Dimension, keys: Graph.Dimension, isMasked: Bool, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    guard (1...Graph.Limit.windowSize).contains(size), (size...max(size, Graph.Limit.windowedSide)).contains(side),
      side % size == 0
    else { throw Graph.Mismatch("windows of \(size) do not tile a map of \(side), or are too large") }
    guard (0..<size).contains(shift) else {
      throw Graph.Mismatch("windows of \(size) are shifted by \(shift), expected 0 to \(size - 1)")
    }
    guard queries == .fixed(side * side), keys == queries, !isMasked else {
      throw Graph.Mismatch(
        "windows of a map of \(side) need \(side * side) queries and keys and no mask, found \(queries) queries and "
          + "\(keys) keys\(isMasked ? " and a mask" : "")")
    }
    guard let biases else { return }
    let constant = try rules.parameter(biases)
    let span = 2 * size - 1
    guard constant.shape == [span * span, heads], constant.encoding == .dense(.float32) else {
      throw Graph.Mismatch("\(biases) has shape \(constant.shape), expected [\(span * span), \(heads)] as dense f32")
    }
  }
}
