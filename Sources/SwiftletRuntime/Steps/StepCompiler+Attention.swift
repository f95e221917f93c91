import CSwiftletKernels

extension StepCompiler {
  func attention(
    _ node: ResolvedGraph.Node, heads: Int, scale: Double, within windows: Graph.AttentionWindows?
  ) throws(SessionError) -> ThreadPool.Job {
    let isPacked = node.inputs.count <= 2
    let streams = isPacked ? Array(repeating: node.inputs[0], count: 3) : Array(node.inputs.prefix(3))
    let output = outputLengths(of: node)
    let (queries, width) = (windows?.tokens ?? output[1], output[2])
    let keys = windows?.tokens ?? lengths(of: streams[1])[1]
    let formats = streams.map { format(of: $0) }

    /// The view of queries, keys or values: side by side in one tensor, or a tensor each.
    func view(_ stream: Int) -> swl_heads {
      let lengths = lengths(of: streams[stream])
      let start = isPacked ? stream * width * elementSize(of: streams[stream]) : 0
      return swl_heads(
        data: address(of: streams[stream]) + start, batch_stride: lengths[1] * lengths[2], token_stride: lengths[2])
    }
    let count = windows?.count ?? 1
    var op = swl_attention(
      isa: instructionSet.code, batch: output[0] * count, heads: heads, queries: queries, keys: keys,
      width: width / heads, type: formats[0].type, q: view(0), k: view(1), v: view(2),
      q_scale: formats[0].scale, k_scale: formats[1].scale, v_scale: formats[2].scale,
      q_zero_point: formats[0].zero_point, k_zero_point: formats[1].zero_point, v_zero_point: formats[2].zero_point,
      scale: Float(scale), bias: nil, mask: nil, masks: 1, rows: nil, windows: count,
      y: outputAddress(of: node), output: outputFormat(of: node))
    if node.inputs.count % 2 == 0, let mask = node.inputs.last {
      let shape = graph.shape(of: mask)
      if shape.first?.isBatch == true {
        op.mask = UnsafePointer(floats(of: mask))
        op.masks = output[0]
      } else if Graph.elementCount(shape) == queries * keys {
        op.mask = UnsafePointer(floats(of: mask))
      } else {
        op.bias = UnsafePointer(floats(of: mask))
      }
    }
    var tables: WindowTables?
    if let windows {
      let made = try WindowTables(windows, biases: floats(ofConstant: windows.biases), heads: heads)
      (op.rows, op.bias, op.mask, op.masks) = (made.rows, made.bias, made.mask, count)
      tables = made
    }
    scratch.reserve(swl_attention_scratch_size(&op))
    let (scratch, final, kept) = (scratch, op, tables)
    return ThreadPool.Job(tiles: swl_attention_tiles(&op)) { first, count, worker in
      withExtendedLifetime(kept) {
        withUnsafePointer(to: final) { swl_attention_run($0, first, count, scratch.address(ofWorker: worker)) }
      }
    }
  }
}
