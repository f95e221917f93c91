import CSwiftletKernels

extension Graph {
  /// Products of matrices in the last two axes; the second may be transposed. Inputs: two.
  public struct MatrixProduct: GraphOperation {
    static let name = "matmul"
    static let settings = ["transposesSecond"]
    public var transposesSecond: Bool
  }
}

extension Graph.Operation {
  /// ``Graph/MatrixProduct``.
  public static func matmul(transposesSecond: Bool) -> Self {
    Self(Graph.MatrixProduct(transposesSecond: transposesSecond))
  }
}

extension Graph.MatrixProduct {
  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 2...2)
    let (a, b) = (inputs[0], inputs[1])
    guard a.count >= 2, b.count >= 2, !b.suffix(2).contains(where: \.isBatch), let inner = a.last else {
      throw Graph.Mismatch("\(OperationRules.text(a)) and \(OperationRules.text(b)) are no matrices")
    }
    let (rows, columns) = transposesSecond ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
    guard inner == rows, b.count == 2 || Array(b.dropLast(2)) == Array(a.dropLast(2)) else {
      throw Graph.Mismatch(
        "\(OperationRules.text(a)) and \(OperationRules.text(b))\(transposesSecond ? " transposed" : "") cannot be "
          + "multiplied")
    }
    let output = Array(a.dropLast()) + [columns]
    try rules.checkWork(output, inner: max(1, inner.length(rules.oneSample)))
    return output
  }

  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    output.reduce(1, *) * (inputs[0].last ?? 0)
  }

  /// The second matrix is packed as if it were a layer's weights, then the layer runs.
  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let (aLengths, bLengths) = (compiler.lengths(of: a), compiler.lengths(of: b))
    let inner = aLengths[aLengths.count - 1]
    let transposesSecond = transposesSecond
    let columns = bLengths[bLengths.count - (transposesSecond ? 2 : 1)]
    let sharesSecond = bLengths.count == 2
    let matrices = sharesSecond ? 1 : aLengths.dropLast(2).reduce(1, *)
    let rows = aLengths.dropLast().reduce(1, *) / matrices

    var shape = swl_linear_shape(type: SWL_F32, inputs: inner, outputs: columns, kept: 1, group: 1, scale_group: 0)
    guard let kernel = swl_linear_kernel_for(&shape, rows, compiler.instructionSet.code) else {
      preconditionFailure("no kernel multiplies \(aLengths) and \(bLengths)")
    }
    let template = swl_linear(
      kernel: kernel, shape: shape, packed: nil, tokens: rows, x: compiler.floats(of: a), x_stride: inner,
      x_type: SWL_F32, x_zero_point: 0, x_group_scales: nil, y: compiler.outputAddress(of: node), y_stride: columns,
      output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: nil, x_scales: nil, bias: nil, activation: SWL_IDENTITY, slope: 0, residual: nil))
    let packedBytes = swl_linear_packed_size(kernel, &shape).aligned
    let transposedBytes = transposesSecond ? 0 : (inner * columns * MemoryLayout<Float>.stride).aligned
    let kernelBytes = withUnsafePointer(to: template) { swl_linear_scratch_size($0) }
    compiler.scratch.reserve(packedBytes + transposedBytes + kernelBytes)
    let (left, right) = (compiler.floats(of: a), compiler.floats(of: b))
    let output = compiler.outputAddress(of: node).assumingMemoryBound(to: Float.self)
    let scratch = compiler.scratch

    return ThreadPool.Job(tiles: matrices) { first, count, worker in
      guard let packed = scratch.address(ofWorker: worker) else { preconditionFailure("no scratch was allocated") }
      for matrix in first..<first + count {
        let second = right + matrix * inner * columns
        var values = UnsafeRawPointer(second)
        if !transposesSecond {
          let transposed = (packed + packedBytes).assumingMemoryBound(to: Float.self)
          Self.transpose(second, rows: inner, columns: columns, into: transposed)
          values = UnsafeRawPointer(transposed)
        }
        var weights = swl_linear_weights(
          shape: shape, values: values, indices: nil, group_scales: nil, group_offsets: nil)
        swl_linear_pack(kernel, &weights, packed)
        var op = template
        op.packed = UnsafeRawPointer(packed)
        op.x = UnsafeRawPointer(left + matrix * rows * inner)
        op.y = UnsafeMutableRawPointer(output + matrix * rows * columns)
        swl_linear_run(&op, 0, swl_linear_tiles(&op), packed + packedBytes + transposedBytes)
      }
    }
  }

  private static func transpose(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into y: UnsafeMutablePointer<Float>
  ) {
    var copy = swl_copy()
    copy.element_size = MemoryLayout<Float>.stride
    copy.rank = 2
    (copy.shape.0, copy.shape.1) = (columns, rows)
    (copy.x_stride.0, copy.x_stride.1) = (1, columns)
    (copy.y_stride.0, copy.y_stride.1) = (rows, 1)
    copy.x = UnsafeRawPointer(x)
    copy.y = UnsafeMutableRawPointer(y)
    swl_copy_run(&copy)
  }
}
