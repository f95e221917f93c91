import CSwiftletKernels

extension Graph {
  /// `activation(convolution(x) + bias)` of `[batch, channels, height, width]`, in any number of groups of channels.
  ///
  /// The weight is a matrix `[outputs, kernel positions * channels of a group]`: row by row through the kernel, all input
  /// channels of a position side by side, so that an N:M pattern runs along channels. A 1-D convolution has height 1.
  /// Inputs: x.
  public struct Convolution: GraphOperation {
    static let name = "convolution"
    static let settings = ["weight", "bias", "activation", "kernel", "stride", "padding", "dilation", "groups"]
    public var weight: String
    public var bias: String?
    public var activation: Activation?
    /// Height and width, as in the three that follow.
    public var kernel: [Int]
    public var stride: [Int]
    /// Zeros on both sides.
    public var padding: [Int]
    public var dilation: [Int]
    public var groups: Int

    public init(
      weight: String, bias: String? = nil, activation: Activation? = nil, kernel: [Int], stride: [Int] = [1, 1],
      padding: [Int] = [0, 0], dilation: [Int] = [1, 1], groups: Int = 1
    ) {
      (self.weight, self.bias, self.activation) = (weight, bias, activation)
      (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
      self.groups = groups
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

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard x.count == 4, let channels = x[1].fixedLength, !x[2].isBatch, !x[3].isBatch else {
      throw Graph.Mismatch("expected [batch, channels, height, width], found \(OperationRules.text(x))")
    }
    let limit = 1 << 16
    for (what, pair, least) in [
      ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1),
    ] {
      guard pair.count == 2, pair.allSatisfy({ (least...limit).contains($0) }) else {
        throw Graph.Mismatch("the \(what) \(pair) is no height and width from \(least) to \(limit)")
      }
    }
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
      let span = dilation[side] * (kernel[side] - 1) + 1
      guard let room = x[2 + side].adding(2 * padding[side] - span),
        let length = room.dividedRoundingDown(by: stride[side])?.adding(1)
      else {
        throw Graph.Mismatch("a stride of \(stride[side]) along \(x[2 + side]) has no length that can be written")
      }
      guard length.fixedLength ?? 1 >= 1 else {
        throw Graph.Mismatch("a kernel that spans \(span) does not fit into \(x[2 + side]) and its padding")
      }
      output.append(length)
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
    let (x, y) = (compiler.lengths(of: node.inputs[0]), compiler.outputLengths(of: node))
    let format = compiler.format(of: node.inputs[0])
    let size = compiler.elementSize(of: node.inputs[0])
    let (xStrides, target) = (compiler.strides(of: node.inputs[0]), compiler.layout(of: .value(node.output)))
    let patches = PatchGather(
      channels: x[1] / groups, height: x[2], width: x[3], strides: Array(xStrides[1...]), columns: y[3],
      kernel: kernel, stride: stride,
      padding: padding, dilation: dilation, elementSize: size,
      // What stands for 0.
      border: format.type == SWL_U8 ? UInt8(clamping: format.zero_point) : 0)
    let (positions, outputs) = (y[2] * y[3], y[1] / groups)
    let outputSize = compiler.elementSize(of: .value(node.output))

    // Enough rows for a panel of every kernel, few enough to stay in a cache.
    let rows = min(positions, max(32, (1 << 17) / (packed.shape.inputs * size)))
    let blocks = (positions + rows - 1) / rows
    let scales = try compiler.integerScales(of: weight, input: format)
    let template = swl_linear(
      kernel: packed.kernel, shape: packed.shape, packed: nil, tokens: rows, x: nil, x_stride: packed.shape.inputs,
      x_type: format.type, x_zero_point: format.zero_point, y: nil, y_stride: target.positionStride,
      output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: nil, x_scales: nil, bias: nil, activation: activation.kernelCode, residual: nil))
    let gatheredBytes = (rows * packed.shape.inputs * size).aligned
    compiler.scratch.reserve(gatheredBytes + withUnsafePointer(to: template) { swl_linear_scratch_size($0) })
    let scratch = compiler.scratch
    let (source, written) = (compiler.address(of: node.inputs[0]), compiler.outputAddress(of: node))
    let bias = compiler.floats(ofConstant: bias)
    let groups = groups
    let (imageBytes, groupBytes) = (xStrides[0] * size, x[1] / groups * xStrides[1] * size)
    let (outputImage, outputPosition) = (target.strides[0], target.positionStride)

    // A tile is a block of the positions of one group of one sample.
    return ThreadPool.Job(tiles: y[0] * groups * blocks) { first, count, worker in
      guard let gathered = scratch.address(ofWorker: worker) else { preconditionFailure("no scratch was allocated") }
      withExtendedLifetime((packed, scales)) {
        for tile in first..<first + count {
          let (sample, group, start) = (tile / blocks / groups, tile / blocks % groups, tile % blocks * rows)
          let taken = min(rows, positions - start)
          patches.gather(
            source + sample * imageBytes + group * groupBytes, start..<start + taken, into: gathered)
          var op = template
          op.packed = UnsafeRawPointer(packed.address(ofGroup: group))
          op.tokens = taken
          op.x = UnsafeRawPointer(gathered)
          op.y = written + (sample * outputImage + start * outputPosition + group * outputs) * outputSize
          op.epilogue.bias = bias.map { $0 + group * outputs }
          op.epilogue.scale = scales.map {
            UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) + group * outputs
          }
          swl_linear_run(&op, 0, swl_linear_tiles(&op), gathered + gatheredBytes)
        }
      }
    }
  }
}

/// Copies what each position of a kernel sees into a row: position by position, channels side by side.
private struct PatchGather {
  let channels, height, width: Int
  /// How far channels, rows and columns lie apart, in elements.
  let strides: [Int]
  /// Of the output.
  let columns: Int
  let kernel, stride, padding, dilation: [Int]
  let elementSize: Int
  let border: UInt8

  func gather(_ x: UnsafeMutableRawPointer, _ positions: Range<Int>, into rows: UnsafeMutableRawPointer) {
    let rowLength = kernel[0] * kernel[1] * channels
    if padding != [0, 0] {
      rows.initializeMemory(as: UInt8.self, repeating: border, count: positions.count * rowLength * elementSize)
    }
    var copy = swl_copy()
    copy.element_size = elementSize
    copy.rank = 2
    (copy.x_stride.0, copy.x_stride.1) = (stride[1] * strides[2], strides[0])
    (copy.y_stride.0, copy.y_stride.1) = (rowLength, 1)
    copy.shape.1 = channels
    var start = positions.lowerBound
    while start < positions.upperBound {
      // As many positions as lie in one row of the output.
      let (row, column) = start.quotientAndRemainder(dividingBy: columns)
      let end = min(positions.upperBound, (row + 1) * columns)
      for i in 0..<kernel[0] {
        let down = row * stride[0] + i * dilation[0] - padding[0]
        guard (0..<height).contains(down) else { continue }
        for j in 0..<kernel[1] {
          // Columns whose input lies inside: 0 <= column * stride + shift < width.
          let shift = j * dilation[1] - padding[1]
          let first = max(column, shift < 0 ? (-shift + stride[1] - 1) / stride[1] : 0)
          let last = min(column + end - start - 1, (width - 1 - shift).dividedRoundingDown(by: stride[1]))
          guard first <= last else { continue }
          copy.shape.0 = last - first + 1
          copy.x = UnsafeRawPointer(
            x + (down * strides[1] + (first * stride[1] + shift) * strides[2]) * elementSize)
          copy.y =
            rows + ((start - positions.lowerBound + first - column) * rowLength + (i * kernel[1] + j) * channels)
            * elementSize
          swl_copy_run(&copy)
        }
      }
      start = end
    }
  }
}
