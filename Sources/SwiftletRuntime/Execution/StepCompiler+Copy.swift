import CSwiftletKernels

extension StepCompiler {
  /// One strided copy into a node's output: the first operand of the loop is read, the second written, from the offsets
  /// `x` and `y`, in elements.
  struct Copy {
    let loop: StridedLoop
    let x, y: Int
    let source: ResolvedGraph.Operand

    init(loop: StridedLoop, x: Int = 0, y: Int = 0, _ source: ResolvedGraph.Operand) {
      (self.loop, self.x, self.y, self.source) = (loop.ordered(by: 1).simplified(), x, y, source)
    }
  }

  /// Copies a node's only input.
  func copy(_ loop: StridedLoop, from x: Int = 0, _ node: ResolvedGraph.Node) -> ThreadPool.Job {
    copy([Copy(loop: loop, x: x, node.inputs[0])], node)
  }

  /// What a node takes from its only input, unless its readers take it there themselves.
  func copyOfView(_ node: ResolvedGraph.Node) -> ThreadPool.Job? {
    if plan.isView[node.output] { return nil }
    let whole = layout(of: node.inputs[0])
    guard let part = node.operation.view(of: whole, as: outputLengths(of: node), axes) else { return nil }
    return copy(
      StridedLoop(shape: part.shape, strides: [part.strides, outputStrides(of: node)]),
      from: part.offset - whole.offset,
      node)
  }

  /// Runs copies that write apart; a tile is one index of the first axis of one of them.
  ///
  /// - Parameter shift: what each run adds to the place that is written, in elements.
  func copy(
    _ copies: [Copy], _ node: ResolvedGraph.Node, shift: @escaping () -> Int = { 0 }
  ) -> ThreadPool.Job {
    let size = elementSize(of: .value(node.output))
    let output = outputAddress(of: node)
    let ops = copies.map { copy in
      swl_copy(copy.loop, elementSize: size, x: address(of: copy.source) + copy.x * size, y: output + copy.y * size)
    }
    // Along one long axis there is nothing to split but the axis itself, and a copy of it is quick.
    let lengths = ops.map { $0.rank == 1 ? 1 : $0.shape.0 }
    return ThreadPool.Job(tiles: lengths.reduce(0, +)) { first, count, _ in
      var start = 0
      let shift = shift() * size
      for (op, length) in zip(ops, lengths) {
        let tiles = max(first, start)..<max(max(first, start), min(first + count, start + length))
        if !tiles.isEmpty {
          var part = op
          part.y = part.y.map { $0 + shift }
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

extension swl_copy {
  /// From the first operand of a loop to the second.
  init(_ loop: StridedLoop, elementSize: Int, x: UnsafeRawPointer, y: UnsafeMutableRawPointer) {
    self.init()
    (element_size, rank) = (elementSize, loop.shape.count)
    (self.x, self.y) = (x, y)
    withUnsafeMutableBytes(of: &shape) { $0.copyBytes(from: loop.shape.withUnsafeBytes(Array.init)) }
    withUnsafeMutableBytes(of: &x_stride) { $0.copyBytes(from: loop.strides[0].withUnsafeBytes(Array.init)) }
    withUnsafeMutableBytes(of: &y_stride) { $0.copyBytes(from: loop.strides[1].withUnsafeBytes(Array.init)) }
  }
}
