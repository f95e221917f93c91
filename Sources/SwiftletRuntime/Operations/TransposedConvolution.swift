import CSwiftletKernels

extension Graph {
  /// `activation(transposed convolution(x) + bias)` of `[batch, channels, height, width]`: what enlarges in PyTorch's
  /// `ConvTranspose2d`, in one group.
  ///
  /// An output at `o` along a side meets the kernel's positions `k` with `o + padding - k` a multiple of the stride, at the
  /// input `(o + padding - k) / stride`. So outputs of one remainder `(o + padding) mod stride`, a phase, are a convolution
  /// with every stride-th position of the kernel, and nothing is added up in memory. The weight holds these convolutions
  /// one below the other, `[phases * outputs, taps * channels]`: phases row by row, `stride[0] * stride[1]` of them; of
  /// each the `ceil(kernel / stride)` taps of both sides, in the order in which they meet the input, channels side by
  /// side, so that an N:M pattern runs along channels. Tap `t` of `taps` is the kernel's position
  /// `phase + stride * (taps - 1 - t)`, and zero where the kernel is too short. Inputs: x.
  public struct TransposedConvolution: GraphOperation {
    static let name = "transposedConvolution"
    static let settings = ["weight", "bias", "activation", "kernel", "stride", "padding", "outputPadding"]
    public var weight: String
    public var bias: String?
    public var activation: Activation?
    /// Height and width, as in the three that follow.
    public var kernel: [Int]
    public var stride: [Int]
    /// Cut off from both ends of the output, below the kernel.
    public var padding: [Int]
    /// Added at the end of the output, below the stride.
    public var outputPadding: [Int]

    public init(
      weight: String, bias: String? = nil, activation: Activation? = nil, kernel: [Int], stride: [Int] = [1, 1],
      padding: [Int] = [0, 0], outputPadding: [Int] = [0, 0]
    ) {
      (self.weight, self.bias, self.activation) = (weight, bias, activation)
      (self.kernel, self.stride, self.padding, self.outputPadding) = (kernel, stride, padding, outputPadding)
    }
  }
}

extension Graph.Operation {
  /// ``Graph/TransposedConvolution``.
  public static func transposedConvolution(_ convolution: Graph.TransposedConvolution) -> Self { Self(convolution) }
}

extension Graph.TransposedConvolution {
  /// The number of phases.
  public var phases: Int { stride[0] * stride[1] }
  /// Of a phase, along height and width.
  public var taps: [Int] { (0..<2).map { (kernel[$0] + stride[$0] - 1) / stride[$0] } }

  /// The weight as the operation has it, from PyTorch's `[channels, outputs, height, width]`.
  public func matrix(of weights: [Float], channels: Int, outputs: Int) -> [Float] {
    let (taps, area) = (taps, kernel[0] * kernel[1])
    let row = taps[0] * taps[1] * channels
    var matrix = [Float](repeating: 0, count: phases * outputs * row)
    for phase in 0..<phases {
      for tap in 0..<taps[0] * taps[1] {
        let down = phase / stride[1] + stride[0] * (taps[0] - 1 - tap / taps[1])
        let right = phase % stride[1] + stride[1] * (taps[1] - 1 - tap % taps[1])
        guard down < kernel[0], right < kernel[1] else { continue }
        for output in 0..<outputs {
          for channel in 0..<channels {
            matrix[(phase * outputs + output) * row + tap * channels + channel] =
              weights[(channel * outputs + output) * area + down * kernel[1] + right]
          }
        }
      }
    }
    return matrix
  }

  var parameters: [Graph.Parameter] { [.weight(weight, groups: phases)] + Graph.Parameter.tables(bias) }
  var writesQuantized: Bool { true }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .channelsLast }
  func outputAccess(inputs count: Int) -> Graph.Access { .channelsLast }
  var imageOrder: Graph.ImageOrder { .channelsLast }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    let channels = try rules.imageChannels(of: x)
    try rules.checkPairs([
      ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("output padding", outputPadding, 0),
    ])
    guard (0..<2).allSatisfy({ padding[$0] < kernel[$0] && outputPadding[$0] < stride[$0] && stride[$0] <= 64 }) else {
      throw Graph.Mismatch(
        "the padding \(padding) is not below the kernel \(kernel), the output padding \(outputPadding) not below the "
          + "stride \(stride), or that above 64")
    }
    let matrix = try rules.matrix(weight)
    let columns = taps[0] * taps[1] * channels
    guard matrix.shape[0] % phases == 0, matrix.shape[1] == columns else {
      throw Graph.Mismatch(
        "\(weight) has shape \(matrix.shape), \(phases) phases of \(taps[0]) x \(taps[1]) taps over \(channels) channels "
          + "need a multiple of \(phases) rows and \(columns) columns")
    }
    if let pattern = matrix.encoding.pattern, channels % pattern.group != 0 {
      throw Graph.Mismatch("groups of \(pattern.group) do not divide the \(channels) channels of \(weight)")
    }
    let outputs = matrix.shape[0] / phases
    try rules.checkVector(bias, length: outputs)
    var output: Graph.Shape = [x[0], .fixed(outputs)]
    for side in 0..<2 {
      let more = kernel[side] - 2 * padding[side] + outputPadding[side]
      guard let length = x[2 + side].adding(-1)?.multiplied(by: stride[side])?.adding(more),
        length.fixedLength ?? 1 >= 1
      else { throw Graph.Mismatch("the padding \(padding) leaves nothing of the output along \(x[2 + side])") }
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
    let packed = compiler.packed(.weight(weight, groups: phases))
    let (x, y) = (compiler.lengths(of: node.inputs[0]), compiler.outputLengths(of: node))
    let format = compiler.format(of: node.inputs[0])
    let size = compiler.elementSize(of: node.inputs[0])
    let outputSize = compiler.elementSize(of: .value(node.output))
    let (pictures, target) = (compiler.pictures(of: node.inputs[0]), compiler.pictures(of: .value(node.output)))
    let sides = (0..<2).map { side in
      (0..<stride[side]).map { phase in
        Phase(
          phase, of: y[2 + side], stride: stride[side], padding: padding[side], taps: taps[side], inputs: x[2 + side])
      }
    }
    // As many neighbours in a row of one phase as fill a panel of every kernel.
    let most = 128
    let pieces = sides[1].map { ($0.count + most - 1) / most }.max() ?? 0
    let gather = TapGather(
      channels: x[1], size: size, row: pictures.row, column: pictures.column, taps: taps[1],
      border: format.type == SWL_U8 ? UInt8(clamping: format.zero_point) : 0)
    let scales = try compiler.integerScales(of: weight, input: format)
    let template = swl_linear(
      kernel: packed.kernel, shape: packed.shape, packed: nil, tokens: most, x: nil, x_stride: packed.shape.inputs,
      x_type: format.type, x_zero_point: format.zero_point, x_group_scales: nil, y: nil,
      y_stride: stride[1] * Int(target.column),
      output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: nil, x_scales: nil, bias: compiler.floats(ofConstant: bias), activation: activation.kernelCode,
        slope: activation.kernelSlope, residual: nil))
    let gatheredBytes = (most * packed.shape.inputs * size).aligned
    compiler.scratch.reserve(gatheredBytes + withUnsafePointer(to: template) { swl_linear_scratch_size($0) })
    let scratch = compiler.scratch
    let (source, written) = (compiler.address(of: node.inputs[0]), compiler.outputAddress(of: node))
    let (outputs, height, across) = (y[1], y[2], stride[1])

    // A tile is a piece of a row of the output in one phase of its columns.
    return ThreadPool.Job(tiles: y[0] * height * across * pieces) { first, count, worker in
      guard let gathered = scratch.address(ofWorker: worker) else { preconditionFailure("no scratch was allocated") }
      withExtendedLifetime((packed, scales)) {
        for tile in first..<first + count {
          let (row, image) = (tile / pieces / across % height, tile / pieces / across / height)
          let columns = sides[1][tile / pieces % across]
          let start = tile % pieces * most
          let tokens = min(most, columns.count - start)
          guard tokens > 0 else { continue }
          let rows = sides[0][(row + padding[0]) % stride[0]]
          let phase = rows.number * across + columns.number
          for tap in 0..<rows.taps {
            let down = rows.input(ofOutput: row, tap: tap)
            gather.gather(
              source + image * pictures.image * size, row: down, columns, start..<start + tokens,
              into: gathered + tap * columns.taps * x[1] * size, rowLength: packed.shape.inputs * size,
              isInside: (0..<x[2]).contains(down))
          }
          var op = template
          op.packed = UnsafeRawPointer(packed.address(ofGroup: phase))
          op.tokens = tokens
          op.x = UnsafeRawPointer(gathered)
          let column = columns.first + start * across
          op.y = written + (image * target.image + row * target.row + column * target.column) * outputSize
          op.epilogue.scale = scales.map {
            UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) + phase * outputs
          }
          swl_linear_run(&op, 0, swl_linear_tiles(&op), gathered + gatheredBytes)
        }
      }
    }
  }
}

/// The outputs along a side that have one remainder: `first`, `first + stride`, ….
private struct Phase {
  let number, first, count, stride, padding, taps, inputs: Int

  init(_ number: Int, of outputs: Int, stride: Int, padding: Int, taps: Int, inputs: Int) {
    (self.number, self.stride, self.padding, self.taps, self.inputs) = (number, stride, padding, taps, inputs)
    first = (number + stride - padding % stride) % stride
    count = max(0, (outputs - first + stride - 1) / stride)
  }

  /// The input that a tap meets, which may lie outside.
  func input(ofOutput output: Int, tap: Int) -> Int { (output + padding) / stride - (taps - 1) + tap }
}

/// Copies what the taps of one row see: tap by tap, channels side by side.
private struct TapGather {
  let channels, size, row, column, taps: Int
  let border: UInt8

  func gather(
    _ image: UnsafeMutableRawPointer, row number: Int, _ columns: Phase, _ positions: Range<Int>,
    into rows: UnsafeMutableRawPointer, rowLength: Int, isInside: Bool
  ) {
    let pixel = channels * size
    for (i, position) in positions.enumerated() {
      let to = rows + i * rowLength
      let first = columns.input(ofOutput: columns.first + position * columns.stride, tap: 0)
      for tap in 0..<taps {
        if isInside, (0..<columns.inputs).contains(first + tap) {
          (to + tap * pixel).copyMemory(
            from: image + (number * row + (first + tap) * column) * size, byteCount: pixel)
        } else {
          (to + tap * pixel).initializeMemory(as: UInt8.self, repeating: border, count: pixel)
        }
      }
    }
  }
}
