import CSwiftletKernels

extension Graph {
  /// A convolution whose groups have one input channel each: what ``Convolution`` becomes in a session where its weight has
  /// one column for each position of the kernel. Files know it as a convolution.
  struct DepthwiseConvolution: GraphOperation {
    static let name = Convolution.name
    static let settings = Convolution.settings
    let convolution: Convolution
  }
}

extension Graph.DepthwiseConvolution {
  var parameters: [Graph.Parameter] {
    [Graph.Parameter(name: convolution.weight, role: .depthwise)] + Graph.Parameter.tables(convolution.bias)
  }
  var writesQuantized: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .channelsLast }
  func outputAccess(inputs count: Int) -> Graph.Access { .channelsLast }
  var imageOrder: Graph.ImageOrder { .channelsLast }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try convolution.outputShape(of: inputs, rules)
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) { try convolution.checkTypes(of: inputs, output: output, rules) }

  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    convolution.multiplyAdds(inputs: inputs, output: output, weights: weights)
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let (x, y) = (compiler.lengths(of: node.inputs[0]), compiler.outputLengths(of: node))
    let format = compiler.format(of: node.inputs[0])
    let packed = try PackedDepthwise(
      convolution.weight, positions: convolution.kernel[0] * convolution.kernel[1], outputs: y[1], compiler)
    let scales = try compiler.integerScales(of: convolution.weight, input: format)
    func side(_ i: Int) -> swl_side {
      swl_side(
        inputs: x[2 + i], outputs: y[2 + i], kernel: convolution.kernel[i], stride: convolution.stride[i],
        padding: convolution.padding[i], dilation: convolution.dilation[i])
    }
    var op = swl_depthwise(
      isa: compiler.instructionSet.code, type: packed.type, batch: x[0], channels: x[1], outputs: y[1],
      rows: side(0), columns: side(1), packed: packed.address, x: compiler.address(of: node.inputs[0]),
      x_pictures: compiler.pictures(of: node.inputs[0]), x_type: format.type, x_zero_point: format.zero_point,
      y: compiler.outputAddress(of: node), y_pictures: compiler.pictures(of: .value(node.output)),
      output: compiler.outputFormat(of: node),
      scale: scales.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) },
      bias: compiler.floats(ofConstant: convolution.bias), activation: convolution.activation.kernelCode,
      slope: convolution.activation.kernelSlope)
    compiler.scratch.reserve(swl_depthwise_scratch_size(&op))
    let (scratch, template) = (compiler.scratch, op)
    return ThreadPool.Job(tiles: swl_depthwise_tiles(&op)) { first, count, worker in
      withExtendedLifetime((packed, scales)) {
        withUnsafePointer(to: template) { swl_depthwise_run($0, first, count, scratch.address(ofWorker: worker)) }
      }
    }
  }
}

/// The weights of a depthwise convolution with channels innermost. They are few: each execution packs its own.
private struct PackedDepthwise {
  let type: swl_type
  private let buffer: AlignedBuffer
  var address: UnsafeRawPointer { UnsafeRawPointer(buffer.address) }

  init(_ name: String, positions: Int, outputs: Int, _ compiler: StepCompiler) throws(SessionError) {
    guard let constant = compiler.graph.graph.constant(named: name) else {
      preconditionFailure("\(name) is no constant")
    }
    let values = compiler.file.tensor(name)
    type =
      switch constant.encoding.type {
      case .int8: SWL_S8
      case .bfloat16: SWL_BF16
      default: SWL_F32
      }
    buffer = try AlignedBuffer(byteCount: swl_depthwise_packed_size(type, outputs, positions))
    switch constant.encoding.type {
    case .int8, .float32: swl_depthwise_pack(type, outputs, positions, values.baseAddress, buffer.address)
    case .bfloat16:
      let floats = values.bindMemory(to: UInt16.self).map(BFloat16.float)
      swl_depthwise_pack(type, outputs, positions, floats, buffer.address)
    default:
      swl_depthwise_pack(
        type, outputs, positions, compiler.file.decodedRows(0..<outputs, of: constant), buffer.address)
    }
  }
}
