import CSwiftletKernels

extension StepCompiler {
  func linear(
    _ node: ResolvedGraph.Node, weight: String, bias: String?, activation: Graph.Activation?
  ) throws(SessionError) -> ThreadPool.Job {
    guard let packed = weights[weight] else { preconditionFailure("\(weight) was not packed") }
    let input = node.inputs[0]
    let inputFormat = format(of: input)
    let residual = node.inputs.count > 1 ? UnsafePointer(floats(of: node.inputs[1])) : nil
    let scales = try integerScales(of: weight, input: inputFormat)
    let op = swl_linear(
      kernel: packed.kernel, shape: packed.shape, packed: packed.packed.address,
      tokens: lengths(of: input).dropLast().reduce(1, *),
      x: address(of: input), x_stride: packed.shape.inputs, x_type: inputFormat.type,
      x_zero_point: inputFormat.zero_point,
      y: outputAddress(of: node), y_stride: packed.shape.outputs, output: outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: scales.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) },
        bias: floats(ofConstant: bias), activation: activation.kernelCode, residual: residual))
    return withUnsafePointer(to: op) { pointer in
      scratch.reserve(swl_linear_scratch_size(pointer))
      let scratch = scratch
      let shares = (0...threads).map { swl_linear_share(pointer, $0, threads) }
      return ThreadPool.Job(tiles: swl_linear_tiles(pointer), shares: shares) { first, count, worker in
        withExtendedLifetime((scales, packed)) {
          withUnsafePointer(to: op) { swl_linear_run($0, first, count, scratch.address(ofWorker: worker)) }
        }
      }
    }
  }

  /// For int8: what one unit of each output's integer sum is worth.
  private func integerScales(of weight: String, input: swl_output) throws(SessionError) -> AlignedBuffer? {
    guard input.type == SWL_U8 else { return nil }
    let weightScales = file.tensor("\(weight).scales").bindMemory(to: Float.self)
    let buffer = try AlignedBuffer(byteCount: weightScales.count * MemoryLayout<Float>.stride)
    let scales = buffer.address.bindMemory(to: Float.self, capacity: weightScales.count)
    for i in weightScales.indices { scales[i] = input.scale * weightScales[i] }
    return buffer
  }

  /// A product of two computed matrices: the second is packed as if it were a layer's weights, then the layer runs.
  func matmul(_ node: ResolvedGraph.Node, transposesSecond: Bool) -> ThreadPool.Job {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let (aLengths, bLengths) = (lengths(of: a), lengths(of: b))
    let inner = aLengths[aLengths.count - 1]
    let columns = bLengths[bLengths.count - (transposesSecond ? 2 : 1)]
    let sharesSecond = bLengths.count == 2
    let matrices = sharesSecond ? 1 : aLengths.dropLast(2).reduce(1, *)
    let rows = aLengths.dropLast().reduce(1, *) / matrices

    var shape = swl_linear_shape(type: SWL_F32, inputs: inner, outputs: columns, kept: 1, group: 1)
    guard let kernel = swl_linear_kernel_for(&shape, instructionSet.code) else {
      preconditionFailure("no kernel multiplies \(aLengths) and \(bLengths)")
    }
    let template = swl_linear(
      kernel: kernel, shape: shape, packed: nil, tokens: rows, x: floats(of: a), x_stride: inner, x_type: SWL_F32,
      x_zero_point: 0, y: outputAddress(of: node), y_stride: columns, output: outputFormat(of: node),
      epilogue: swl_linear_epilogue(scale: nil, bias: nil, activation: SWL_IDENTITY, residual: nil))
    let packedBytes = swl_linear_packed_size(kernel, &shape).aligned
    let transposedBytes = transposesSecond ? 0 : (inner * columns * MemoryLayout<Float>.stride).aligned
    let kernelBytes = withUnsafePointer(to: template) { swl_linear_scratch_size($0) }
    scratch.reserve(packedBytes + transposedBytes + kernelBytes)
    let (left, right) = (floats(of: a), floats(of: b))
    let output = outputAddress(of: node).assumingMemoryBound(to: Float.self)
    let scratch = scratch

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
        var weights = swl_linear_weights(shape: shape, values: values, indices: nil)
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
