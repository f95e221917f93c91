import CSwiftletKernels

extension StepCompiler {
  /// One strided copy into a node's output: the first operand of the loop is read, the second written, from the offsets
  /// `x` and `y`, in elements.
  struct Copy {
    let loop: StridedLoop
    let x, y: Int
    let source: ResolvedGraph.Operand

    init(loop: StridedLoop, x: Int = 0, y: Int = 0, _ source: ResolvedGraph.Operand) {
      (self.loop, self.x, self.y, self.source) = (loop.simplified(), x, y, source)
    }
  }

  /// Copies a node's only input.
  func copy(_ loop: StridedLoop, from x: Int = 0, _ node: ResolvedGraph.Node) -> ThreadPool.Job {
    copy([Copy(loop: loop, x: x, node.inputs[0])], node)
  }

  /// A range of an axis of the only input.
  func slice(
    _ node: ResolvedGraph.Node, axis: Int, start: Int, end: Int
  ) throws(SessionError) -> ThreadPool.Job {
    let source = lengths(of: node.inputs[0])
    guard 0 <= start, start < end, end <= source[axis] else {
      throw .range(node: node.name, start: start, end: end, length: source[axis], lengths: axes)
    }
    let strides = StridedLoop.contiguousStrides(of: source)
    var target = source
    target[axis] = end - start
    return copy(
      StridedLoop(shape: target, strides: [strides, StridedLoop.contiguousStrides(of: target)]),
      from: start * strides[axis], node)
  }

  /// Runs copies that write apart; a tile is one index of the first axis of one of them.
  func copy(_ copies: [Copy], _ node: ResolvedGraph.Node) -> ThreadPool.Job {
    let size = elementSize(of: .value(node.output))
    let output = outputAddress(of: node)
    let ops = copies.map { copy in
      var op = swl_copy()
      op.element_size = size
      op.rank = copy.loop.shape.count
      op.x = UnsafeRawPointer(address(of: copy.source) + copy.x * size)
      op.y = output + copy.y * size
      withUnsafeMutableBytes(of: &op.shape) { $0.copyBytes(from: copy.loop.shape.withUnsafeBytes(Array.init)) }
      withUnsafeMutableBytes(of: &op.x_stride) { $0.copyBytes(from: copy.loop.strides[0].withUnsafeBytes(Array.init)) }
      withUnsafeMutableBytes(of: &op.y_stride) { $0.copyBytes(from: copy.loop.strides[1].withUnsafeBytes(Array.init)) }
      return op
    }
    // Along one long axis there is nothing to split but the axis itself, and a copy of it is quick.
    let lengths = ops.map { $0.rank == 1 ? 1 : $0.shape.0 }
    return ThreadPool.Job(tiles: lengths.reduce(0, +)) { first, count, _ in
      var start = 0
      for (op, length) in zip(ops, lengths) {
        let tiles = max(first, start)..<max(max(first, start), min(first + count, start + length))
        if !tiles.isEmpty {
          var part = op
          if part.rank > 1 {
            part.shape.0 = tiles.count
            let skipped = tiles.lowerBound - start
            part.x = part.x.map { $0 + skipped * part.x_stride.0 * size }
            part.y = part.y.map { $0 + skipped * part.y_stride.0 * size }
          }
          swl_copy_run(&part)
        }
        start += length
      }
    }
  }
}
