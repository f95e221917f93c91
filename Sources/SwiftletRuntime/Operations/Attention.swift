import CSwiftletKernels

extension Graph {
  /// `softmax(scale * Q Kᵀ + mask) V` for each head.
  ///
  /// Inputs: `[batch, tokens, (heads + 2 keyHeads) * width]` with queries, keys and values side by side, or three of
  /// them `[batch, tokens, heads * width]`, keys and values of `keyHeads`; then optionally a mask that is added to the
  /// scores: `[queries, keys]`, `[heads, queries, keys]` or `[batch, 1, queries, keys]`. Within windows there is no
  /// mask: each token sees the tokens of its window.
  public struct Attention: GraphOperation {
    static let name = "attention"
    static let settings = ["heads", "scale", "windows", "keyHeads", "causal", "softCap"]
    public var heads: Int
    public var scale: Double
    public var windows: AttentionWindows?
    /// Heads of keys and values, each for as many neighbouring heads of queries; nil for as many as `heads`.
    ///
    /// Source: Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models" (2023).
    public var keyHeads: Int?
    /// The last query stands at the last key, and each sees the keys up to its own.
    public var causal = false
    /// Scores become `softCap * tanh(score / softCap)` before the mask is added.
    public var softCap: Double?

    /// Whether it takes integers: keys that are shared or hidden are read as floats alone.
    public var takesIntegers: Bool { keyHeads ?? heads == heads && !causal && softCap == nil }
  }
}

extension Graph.Operation {
  /// ``Graph/Attention``.
  public static func attention(
    heads: Int, scale: Double, windows: Graph.AttentionWindows? = nil, keyHeads: Int? = nil, causal: Bool = false,
    softCap: Double? = nil
  ) -> Self {
    Self(
      Graph.Attention(
        heads: heads, scale: scale, windows: windows, keyHeads: keyHeads, causal: causal, softCap: softCap))
  }
}

extension Graph.Attention: Codable {
  enum CodingKeys: String, CodingKey { case heads, scale, windows, keyHeads, causal, softCap }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    heads = try container.decode(Int.self, forKey: .heads)
    scale = try container.decode(Double.self, forKey: .scale)
    windows = try container.decodeIfPresent(Graph.AttentionWindows.self, forKey: .windows)
    keyHeads = try container.decodeIfPresent(Int.self, forKey: .keyHeads)
    causal = try container.decodeIfPresent(Bool.self, forKey: .causal) ?? false
    softCap = try container.decodeIfPresent(Double.self, forKey: .softCap)
  }

  /// What has its default is left out, as in files that were written before it could be said.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(heads, forKey: .heads)
    try container.encode(scale, forKey: .scale)
    try container.encodeIfPresent(windows, forKey: .windows)
    try container.encodeIfPresent(keyHeads, forKey: .keyHeads)
    if causal { try container.encode(causal, forKey: .causal) }
    try container.encodeIfPresent(softCap, forKey: .softCap)
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
    let keyHeads = self.keyHeads ?? heads
    guard heads >= 1, keyHeads >= 1, heads % keyHeads == 0, heads <= 1 << 20 else {
      throw Graph.Mismatch("\(heads) heads cannot share \(keyHeads) heads of keys")
    }
    try rules.check(softCap: softCap)
    var output = inputs[0]
    let keys = inputs[isPacked ? 0 : 1]
    if isPacked {
      guard self.keyHeads != nil || output[2].factor % 3 == 0 else {
        throw Graph.Mismatch("the width of \(OperationRules.text(output)) is not three times a width")
      }
      guard output[2].factor % (heads + 2 * keyHeads) == 0 else {
        throw Graph.Mismatch(
          self.keyHeads == nil
            ? "\(heads) heads do not divide a width of \(output[2].factor / 3)"
            : "\(heads) heads of queries and \(keyHeads) of keys and of values do not divide a width of "
              + "\(output[2].factor)")
      }
      output[2] = .fixed(output[2].factor / (heads + 2 * keyHeads) * heads)
    } else {
      guard output[2].factor % heads == 0 else {
        throw Graph.Mismatch("\(heads) heads do not divide a width of \(output[2].factor)")
      }
      guard inputs[2] == keys, keys[0] == output[0], keys[2] == .fixed(output[2].factor / heads * keyHeads) else {
        throw Graph.Mismatch(
          "queries \(OperationRules.text(output)), keys \(OperationRules.text(keys)) and values "
            + "\(OperationRules.text(inputs[2])) do not agree")
      }
    }
    if causal {
      let fit = output[1].fixedLength.flatMap { queries in keys[1].fixedLength.map { queries <= $0 } }
      guard fit ?? (output[1] == keys[1]) else {
        throw Graph.Mismatch("causal attention has no keys for \(output[1]) queries at the end of \(keys[1]) keys")
      }
    }
    guard windows == nil || takesIntegers else {
      throw Graph.Mismatch("within windows, keys are neither shared nor hidden, and scores not capped")
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
    let accepted: [Graph.ElementType] = takesIntegers ? rules.writable : [.float32, .bfloat16]
    for type in streams { try rules.check("the input", type, isAmong: accepted) }
    guard Set(streams).count == 1 else { throw Graph.Mismatch("queries, keys and values have different types") }
    if types.count > streams.count { try rules.check("the mask", types[streams.count], isAmong: [.float32]) }
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  /// Scores and mixtures: each of `width` products for every pair of a query and a key.
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    let (queries, keys) = (output[1], inputs[inputs.count <= 2 ? 0 : 1][1])
    guard causal else { return 2 * output.reduce(1, *) * (windows?.tokens ?? keys) }
    let pairs = queries * (keys - queries) + queries * (queries + 1) / 2
    return 2 * output[0] * output[2] * pairs
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let isPacked = node.inputs.count <= 2
    let streams = isPacked ? Array(repeating: node.inputs[0], count: 3) : Array(node.inputs.prefix(3))
    let output = compiler.outputLengths(of: node)
    let (queries, width) = (windows?.tokens ?? output[1], output[2])
    let keys = windows?.tokens ?? compiler.lengths(of: streams[1])[1]
    let formats = streams.map { compiler.format(of: $0) }
    let keyWidth = width / heads * (keyHeads ?? heads)

    /// The view of queries, keys or values: side by side in one tensor, or a tensor each.
    func view(_ stream: Int) -> swl_heads {
      let strides = compiler.strides(of: streams[stream])
      let start = isPacked ? [0, width, width + keyWidth][stream] * compiler.elementSize(of: streams[stream]) : 0
      return swl_heads(
        data: compiler.address(of: streams[stream]) + start, batch_stride: strides[0], token_stride: strides[1])
    }
    let count = windows?.count ?? 1
    var op = swl_attention()
    (op.isa, op.batch, op.heads) = (compiler.instructionSet.code, output[0] * count, heads)
    (op.queries, op.keys, op.width, op.type) = (queries, keys, width / heads, formats[0].type)
    (op.q, op.k, op.v) = (view(0), view(1), view(2))
    (op.q_scale, op.k_scale, op.v_scale) = (formats[0].scale, formats[1].scale, formats[2].scale)
    (op.q_zero_point, op.k_zero_point) = (formats[0].zero_point, formats[1].zero_point)
    op.v_zero_point = formats[2].zero_point
    (op.scale, op.masks, op.windows) = (Float(scale), 1, count)
    (op.key_heads, op.causal, op.soft_cap) = (keyHeads ?? heads, causal, Float(softCap ?? 0))
    (op.y, op.output) = (compiler.outputAddress(of: node), compiler.outputFormat(of: node))
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

extension OperationRules {
  func check(softCap: Double?) throws(Graph.Mismatch) {
    guard let softCap else { return }
    guard softCap.isFinite, softCap > 1e-6, softCap < 1e6 else {
      throw Graph.Mismatch("scores cannot be capped at \(softCap)")
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
