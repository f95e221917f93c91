import CSwiftletKernels

extension StepCompiler {
  func layerNorm(
    _ node: ResolvedGraph.Node, weight: String?, bias: String?, epsilon: Double
  ) -> ThreadPool.Job {
    let (rows, width) = rowsAndWidth(of: node.inputs[0])
    let x = UnsafePointer(floats(of: node.inputs[0]))
    let (gamma, beta) = (floats(ofConstant: weight), floats(ofConstant: bias))
    let y = outputAddress(of: node)
    let format = outputFormat(of: node)
    let stride = width * elementSize(of: .value(node.output))
    let isa = instructionSet.code
    return job(over: rows, itemsPerTile: Self.elementsPerTile / 2 / width) { rows in
      swl_layer_norm(
        isa, x + rows.lowerBound * width, gamma, beta, Float(epsilon), y + rows.lowerBound * stride, format,
        rows.count, width)
    }
  }

  func softmax(_ node: ResolvedGraph.Node) -> ThreadPool.Job {
    let (rows, width) = rowsAndWidth(of: node.inputs[0])
    let (x, y) = (floats(of: node.inputs[0]), floats(of: .value(node.output)))
    let isa = instructionSet.code
    return job(over: rows, itemsPerTile: Self.elementsPerTile / 2 / width) { rows in
      swl_softmax(isa, x + rows.lowerBound * width, y + rows.lowerBound * width, rows.count, width)
    }
  }

  /// Averages neighbouring axes: they are the rows of a block for each index before them.
  func mean(_ node: ResolvedGraph.Node, axes: [Int]) -> ThreadPool.Job {
    let lengths = lengths(of: node.inputs[0])
    let (first, last) = (axes[0], axes[axes.count - 1])
    let blocks = lengths[..<first].reduce(1, *)
    let rows = lengths[first...last].reduce(1, *)
    let width = lengths[(last + 1)...].reduce(1, *)
    let (x, y) = (floats(of: node.inputs[0]), floats(of: .value(node.output)))
    let isa = instructionSet.code
    return job(over: blocks, itemsPerTile: Self.elementsPerTile / (rows * width)) { blocks in
      swl_mean_rows(
        isa, x + blocks.lowerBound * rows * width, y + blocks.lowerBound * width, blocks.count, rows, width)
    }
  }

  private func rowsAndWidth(of operand: ResolvedGraph.Operand) -> (rows: Int, width: Int) {
    let lengths = lengths(of: operand)
    return (lengths.dropLast().reduce(1, *), lengths[lengths.count - 1])
  }
}
