import CSwiftletKernels

extension Graph {
  /// `activation(convolution(x) + bias)` of `[batch, channels, height, width]`, in any number of groups of channels.
  ///
  /// The weight is a matrix `[outputs, kernel positions * channels of a group]`: row by row through the kernel, all input
  /// channels of a position side by side, so that an N:M pattern runs along channels. A 1-D convolution has height 1.
  /// Inputs: x.
  public struct Convolution: GraphOperation {
    static let name = "convolution"
    static let settings = [
      "weight", "bias", "activation", "kernel", "stride", "padding", "paddingAfter", "dilation", "groups",
    ]
    public var weight: String
    public var bias: String?
    public var activation: Activation?
    /// Height and width, as in the three that follow.
    public var kernel: [Int]
    public var stride: [Int]
    /// Zeros on both sides, or before where another number stands behind.
    public var padding: [Int]
    /// Zeros behind, where they are not as many as before: none of a causal convolution.
    public var paddingAfter: [Int]?
    public var dilation: [Int]
    public var groups: Int

    public init(
      weight: String, bias: String? = nil, activation: Activation? = nil, kernel: [Int], stride: [Int] = [1, 1],
      padding: [Int] = [0, 0], paddingAfter: [Int]? = nil, dilation: [Int] = [1, 1], groups: Int = 1
    ) {
      (self.weight, self.bias, self.activation) = (weight, bias, activation)
      (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
      (self.paddingAfter, self.groups) = (paddingAfter, groups)
    }
  }
}

extension Graph.Operation {
  /// ``Graph/Convolution``.
  public static func convolution(_ convolution: Graph.Convolution) -> Self { Self(convolution) }
}

extension Graph.Convolution {
  var parameters: [Graph.Parameter] { [.weight(weight, groups: groups)] + Graph.Parameter.tables(bias) }
  var writesQuantized: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .any }
  func outputAccess(inputs count: Int) -> Graph.Access { .channelsLast }
  var imageOrder: Graph.ImageOrder { .channelsLast }

  func resolved(weights: (String) -> [Int]) -> any GraphOperation {
    let isDepthwise = groups > 1 && weights(weight).last == kernel[0] * kernel[1]
    return isDepthwise ? Graph.DepthwiseConvolution(convolution: self) : self
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    let channels = try rules.imageChannels(of: x)
    let after = paddingAfter ?? padding
    try rules.checkPairs([
      ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("padding behind", after, 0),
      ("dilation", dilation, 1),
    ])
    let matrix = try rules.matrix(weight)
    let (outputs, columns) = (matrix.shape[0], matrix.shape[1])
    guard groups >= 1, channels % groups == 0, outputs % groups == 0 else {
      throw Graph.Mismatch("\(groups) groups do not divide \(channels) channels and \(outputs) outputs")
    }
    let inGroup = channels / groups
    guard columns == kernel[0] * kernel[1] * inGroup else {
      throw Graph.Mismatch(
        "\(weight) has \(columns) columns, a kernel of \(kernel[0]) x \(kernel[1]) over \(inGroup) channels needs "
          + "\(kernel[0] * kernel[1] * inGroup)")
    }
    if let pattern = matrix.encoding.pattern, inGroup % pattern.group != 0 {
      throw Graph.Mismatch("groups of \(pattern.group) do not divide the \(inGroup) channels of \(weight)")
    }
    try rules.checkVector(bias, length: outputs)
    var output: Graph.Shape = [x[0], .fixed(outputs)]
    for side in 0..<2 {
      output.append(
        try rules.windows(
          along: x[2 + side], kernel: kernel[side], stride: stride[side], padding: padding[side] + after[side],
          dilation: dilation[side]))
    }
    try rules.checkShape(output)
    try rules.checkWork(output, inner: columns)
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.checkInput(inputs[0].type, ofWeight: weight)
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    output.reduce(1, *) * weights(weight)[1]
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let packed = compiler.packed(.weight(weight, groups: groups))
    let input = node.inputs[0]
    let (x, format) = (compiler.layout(of: input), compiler.format(of: input))
    let output = compiler.outputLengths(of: node)
    let scales = try compiler.integerScales(of: weight, input: format)
    let op = swl_convolution(
      linear: packed.kernel, shape: packed.shape, groups: groups, packed: packed.address(ofGroup: 0),
      packed_stride: packed.groupByteCount, kernel: (kernel[0], kernel[1]), stride: (stride[0], stride[1]),
      dilation: (dilation[0], dilation[1]), padding: (padding[0], padding[1]),
      batch: x.shape[0], size: (x.shape[2], x.shape[3]), output_size: (output[2], output[3]),
      x: compiler.address(of: input), x_sample: x.strides[0],
      x_channel: x.strides[1], x_row: x.strides[2], x_column: x.strides[3], x_type: format.type,
      x_zero_point: format.zero_point, y: compiler.outputAddress(of: node),
      y_stride: compiler.layout(of: .value(node.output)).positionStride, output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: scales.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) }, x_scales: nil,
        bias: compiler.floats(ofConstant: bias), activation: activation.kernelCode,
        slope: activation.kernelSlope, residual: nil))
    return withUnsafePointer(to: op) { pointer in
      compiler.scratch.reserve(swl_convolution_scratch_size(pointer))
      let scratch = compiler.scratch
      let threads = compiler.threads
      let shares = (0...threads).map { swl_convolution_share(pointer, $0, threads) }
      return ThreadPool.Job(tiles: swl_convolution_tiles(pointer), shares: shares) { first, count, worker in
        withExtendedLifetime((scales, packed)) {
          withUnsafePointer(to: op) { swl_convolution_run($0, first, count, scratch.address(ofWorker: worker)) }
        }
      }
    }
  }
}
