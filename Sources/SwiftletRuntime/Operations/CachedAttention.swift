import CSwiftletKernels

extension Graph {
  /// Causal attention of tokens to the keys and values in a cache, which ``AppendHeads`` has written their own into:
  /// prompts, whole or in pieces, and one token at a time.
  ///
  /// The first query stands at the position, and each sees the positions up to its own. Keys and values are read where
  /// they lie, once for all heads of queries that share them. Results depend neither on the pieces nor on the threads,
  /// bit for bit; with a cache of f32 they are those of ``Attention``, causal, on all tokens at once.
  ///
  /// Inputs: queries `[batch, tokens, heads * width]`; keys and values, as ``HeadCache`` shapes them; the position
  /// (i64, one element), an input of the graph.
  public struct CachedAttention: GraphOperation {
    static let name = "cachedAttention"
    static let settings = ["heads", "scale", "softCap"]
    public var heads: Int
    public var scale: Double
    /// Scores become `softCap * tanh(score / softCap)`.
    public var softCap: Double?
  }
}

extension Graph.Operation {
  /// ``Graph/CachedAttention``.
  public static func cachedAttention(heads: Int, scale: Double, softCap: Double? = nil) -> Self {
    Self(Graph.CachedAttention(heads: heads, scale: scale, softCap: softCap))
  }
}

extension Graph.CachedAttention {
  var positionInput: Int? { 3 }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 0 ? .lines : .packed }

  func positions(of inputs: [[Int]]) -> (count: Int, capacity: Int) {
    (inputs[0][1], inputs[1][2] * Graph.HeadCache.tile)
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 4...4)
    guard scale.isFinite, abs(scale) < 1e30 else { throw Graph.Mismatch("the scale is \(scale)") }
    try rules.check(softCap: softCap)
    let queries = inputs[0]
    guard let cache = Graph.HeadCache(keys: inputs[1]), inputs[2] == cache.valueShape.map({ .fixed($0) }) else {
      throw Graph.Mismatch(
        "\(OperationRules.text(inputs[1])) and \(OperationRules.text(inputs[2])) are no cache of keys and values")
    }
    guard heads >= 1, heads <= 1 << 20, heads % cache.heads == 0 else {
      throw Graph.Mismatch("\(heads) heads cannot share \(cache.heads) heads of keys")
    }
    guard queries.count == 3, queries[0] == .fixed(cache.batch), queries[2] == .fixed(heads * cache.width),
      queries[1].fixedLength ?? 1 <= cache.capacity
    else {
      throw Graph.Mismatch(
        "\(OperationRules.text(queries)) are no queries of \(heads) heads for a cache of \(cache.batch) samples, "
          + "\(cache.width) wide and \(cache.capacity) long")
    }
    try rules.checkPosition(inputs[3])
    try rules.checkWork(queries, inner: 2 * cache.capacity)
    return queries
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the queries", inputs[0].type, isAmong: [.float32, .bfloat16])
    try rules.check("the cache", inputs[1].type, isAmong: Graph.HeadCache.types)
    guard inputs[1].type == inputs[2].type else { throw Graph.Mismatch("keys and values have different types") }
    try rules.check("the position", inputs[3].type, isAmong: [.int64])
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  /// Of a cache that is full.
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    2 * output.reduce(1, *) * positions(of: inputs).capacity
  }

  var writesQuantized: Bool { true }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let lengths = compiler.lengths(of: node.inputs[0])
    guard let cache = Graph.HeadCache(keys: compiler.graph.shape(of: node.inputs[1])) else {
      preconditionFailure("\(node.name) reads no cache")
    }
    let strides = compiler.strides(of: node.inputs[0])
    var op = swl_cache_attention()
    (op.isa, op.cache) = (compiler.instructionSet.code, cache.kernel(compiler.graph.type(of: node.inputs[1])))
    (op.heads, op.queries, op.type) = (heads, lengths[1], compiler.format(of: node.inputs[0]).type)
    op.q = swl_heads(
      data: compiler.address(of: node.inputs[0]), batch_stride: strides[0], token_stride: strides[1])
    op.keys = UnsafeRawPointer(compiler.address(of: node.inputs[1]))
    op.values = UnsafeRawPointer(compiler.address(of: node.inputs[2]))
    (op.scale, op.soft_cap) = (Float(scale), Float(softCap ?? 0))
    (op.y, op.output) = (compiler.outputAddress(of: node), compiler.outputFormat(of: node))
    let position = compiler.address(of: node.inputs[3]).assumingMemoryBound(to: Int64.self)
    let scratch = compiler.scratch
    scratch.reserve(swl_cache_attention_scratch_size(&op))
    scratch.reserveShared(swl_cache_attention_shared_size(&op))
    scratch.reserveCounters(cache.batch * cache.heads)
    let final = op
    return ThreadPool.Job(tiles: swl_cache_attention_tiles(&op)) { first, count, worker in
      var op = final
      op.position = Int(position.pointee)
      op.shared = scratch.sharedAddress?.assumingMemoryBound(to: Float.self)
      op.finished = scratch.counters
      swl_cache_attention_run(&op, first, count, scratch.address(ofWorker: worker))
    }
  }
}
