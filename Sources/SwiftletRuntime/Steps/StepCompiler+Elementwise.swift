import CSwiftletKernels

extension StepCompiler {
  func activate(_ node: ResolvedGraph.Node, _ activation: Graph.Activation) -> ThreadPool.Job {
    let (x, y) = (floats(of: node.inputs[0]), floats(of: .value(node.output)))
    let code = Optional(activation).kernelCode
    let isa = instructionSet.code
    return job(over: outputLengths(of: node).reduce(1, *), itemsPerTile: Self.elementsPerTile) { elements in
      swl_activate(isa, code, x + elements.lowerBound, y + elements.lowerBound, elements.count)
    }
  }

  /// Between f32 and the types that stand for it; one side is f32.
  func convert(_ node: ResolvedGraph.Node) -> ThreadPool.Job {
    let input = node.inputs[0]
    let (from, to) = (format(of: input), outputFormat(of: node))
    let (x, y) = (address(of: input), outputAddress(of: node))
    let (xSize, ySize) = (elementSize(of: input), elementSize(of: .value(node.output)))
    let isa = instructionSet.code
    return job(over: outputLengths(of: node).reduce(1, *), itemsPerTile: Self.elementsPerTile) { elements in
      let (source, target) = (x + elements.lowerBound * xSize, y + elements.lowerBound * ySize)
      if from.type == SWL_F32 {
        swl_write(isa, source.assumingMemoryBound(to: Float.self), to, target, elements.count)
      } else {
        swl_read(isa, source, from, target.assumingMemoryBound(to: Float.self), elements.count)
      }
    }
  }

  enum Combination { case sum, product }

  /// Sums or products with broadcasting: rows along the last axis, in which each operand runs along or stands still.
  func combine(_ node: ResolvedGraph.Node, by combination: Combination) -> ThreadPool.Job {
    let target = outputLengths(of: node)
    let loop = StridedLoop(
      shape: target,
      strides: node.inputs.map { StridedLoop.broadcastStrides(of: lengths(of: $0), to: target) }
        + [StridedLoop.contiguousStrides(of: target)]
    ).simplified()
    let (a, b) = (floats(of: node.inputs[0]), floats(of: node.inputs[1]))
    let y = floats(of: .value(node.output))
    let isa = instructionSet.code
    let width = loop.shape[loop.shape.count - 1]
    let (aMoves, bMoves) = (loop.strides[0].last != 0, loop.strides[1].last != 0)

    /// One piece of a row. The kernels allow the result in the place of the first operand, so that one comes first.
    func run(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
      switch (combination, aMoves, bMoves) {
      case (.sum, true, true): swl_add(isa, y == b ? b : a, y == b ? a : b, y, count)
      case (.product, true, true): swl_mul(isa, y == b ? b : a, y == b ? a : b, y, count)
      case (.sum, true, false): swl_scale(isa, a, 1, b[0], y, count)
      case (.sum, false, true): swl_scale(isa, b, 1, a[0], y, count)
      case (.product, true, false): swl_scale(isa, a, b[0], 0, y, count)
      case (.product, false, true): swl_scale(isa, b, a[0], 0, y, count)
      case (_, false, false): preconditionFailure("every axis of the output comes from one of the operands")
      }
    }
    let segment = min(width, Self.elementsPerTile)
    let segments = (width + segment - 1) / segment
    return job(over: loop.rows * segments, itemsPerTile: Self.elementsPerTile / segment) { pieces in
      for piece in pieces {
        let (row, start) = (piece / segments, piece % segments * segment)
        run(
          a + loop.offset(ofRow: row, operand: 0) + (aMoves ? start : 0),
          b + loop.offset(ofRow: row, operand: 1) + (bMoves ? start : 0),
          y + row * width + start, min(segment, width - start))
      }
    }
  }
}
