import CSwiftletKernels

extension StepCompiler {
  enum Combination { case sum, product }

  /// Sums or products with broadcasting: rows along the last axis, in which each operand runs along or stands still.
  func combine(_ node: ResolvedGraph.Node, by combination: Combination) -> ThreadPool.Job {
    let target = outputLengths(of: node)
    let loop = StridedLoop(
      shape: target,
      strides: node.inputs.map { StridedLoop.broadcastStrides(of: layout(of: $0), to: target) }
        + [outputStrides(of: node)]
    ).ordered(by: 2).simplified()
    let (a, b) = (floats(of: node.inputs[0]), floats(of: node.inputs[1]))
    let y = floats(of: .value(node.output))
    let isa = instructionSet.code
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
    return job(over: loop) { line, piece in
      run(
        a + loop.offset(ofRow: line, operand: 0) + (aMoves ? piece.lowerBound : 0),
        b + loop.offset(ofRow: line, operand: 1) + (bMoves ? piece.lowerBound : 0),
        y + loop.offset(ofRow: line, operand: 2) + piece.lowerBound, piece.count)
    }
  }
}
