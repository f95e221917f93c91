import CSwiftletKernels

extension StepCompiler {
  func patchify(_ node: ResolvedGraph.Node, patch: Int) -> ThreadPool.Job {
    let image = lengths(of: node.inputs[0])
    let op = swl_patchify(
      x: floats(of: node.inputs[0]), batch: image[0], channels: image[1], height: image[2], width: image[3],
      patch: patch, y: outputAddress(of: node), output: outputFormat(of: node))
    let isa = instructionSet.code
    let tiles = withUnsafePointer(to: op) { swl_patchify_tiles($0) }
    return ThreadPool.Job(tiles: tiles) { first, count, _ in
      withUnsafePointer(to: op) { swl_patchify_run(isa, $0, first, count) }
    }
  }

  /// Nothing to do, unless a constant has to come into the arena.
  func reshape(_ node: ResolvedGraph.Node) -> ThreadPool.Job? {
    guard case .constant = node.inputs[0] else { return nil }
    let lengths = lengths(of: node.inputs[0])
    let strides = StridedLoop.contiguousStrides(of: lengths)
    return copy(
      [Copy(loop: StridedLoop(shape: lengths, strides: [strides, strides]), x: 0, y: 0, node.inputs[0])], node)
  }

  func expand(_ node: ResolvedGraph.Node) -> ThreadPool.Job {
    let target = outputLengths(of: node)
    let strides = StridedLoop.broadcastStrides(of: lengths(of: node.inputs[0]), to: target)
    let loop = StridedLoop(shape: target, strides: [strides, StridedLoop.contiguousStrides(of: target)])
    return copy([Copy(loop: loop, x: 0, y: 0, node.inputs[0])], node)
  }

  func permute(_ node: ResolvedGraph.Node, order: [Int]) -> ThreadPool.Job {
    let target = outputLengths(of: node)
    let strides = StridedLoop.contiguousStrides(of: lengths(of: node.inputs[0]))
    let loop = StridedLoop(
      shape: target, strides: [order.map { strides[$0] }, StridedLoop.contiguousStrides(of: target)])
    return copy([Copy(loop: loop, x: 0, y: 0, node.inputs[0])], node)
  }

  /// A range of an axis that starts at `start`; its length is what makes the output's size.
  func slice(_ node: ResolvedGraph.Node, axis: Int, start: Int) -> ThreadPool.Job {
    let source = lengths(of: node.inputs[0])
    let strides = StridedLoop.contiguousStrides(of: source)
    var target = source
    target[axis] = outputLengths(of: node).reduce(1, *) / (source.reduce(1, *) / source[axis])
    let loop = StridedLoop(shape: target, strides: [strides, StridedLoop.contiguousStrides(of: target)])
    return copy([Copy(loop: loop, x: start * strides[axis], y: 0, node.inputs[0])], node)
  }

  func concatenate(_ node: ResolvedGraph.Node, axis: Int) -> ThreadPool.Job {
    let strides = StridedLoop.contiguousStrides(of: outputLengths(of: node))
    var start = 0
    let copies = node.inputs.map { input in
      let lengths = lengths(of: input)
      defer { start += lengths[axis] * strides[axis] }
      let loop = StridedLoop(shape: lengths, strides: [StridedLoop.contiguousStrides(of: lengths), strides])
      return Copy(loop: loop, x: 0, y: start, input)
    }
    return copy(copies, node)
  }

  /// One strided copy into a node's output: the first operand of the loop is read, the second written, from the offsets
  /// `x` and `y`, in elements.
  private struct Copy {
    let loop: StridedLoop
    let x, y: Int
    let source: ResolvedGraph.Operand

    init(loop: StridedLoop, x: Int, y: Int, _ source: ResolvedGraph.Operand) {
      (self.loop, self.x, self.y, self.source) = (loop.simplified(), x, y, source)
    }
  }

  /// Runs copies that write apart; a tile is one index of the first axis of one of them.
  private func copy(_ copies: [Copy], _ node: ResolvedGraph.Node) -> ThreadPool.Job {
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
