import SwiftletRuntime

extension Lowering {
  static let convolutionRules: [String: Rule] = [
    "aten::conv1d": convolution, "aten::conv2d": convolution, "aten::convolution": convolution,
    "aten::conv_transpose2d": { try $0.transposedConvolution($1) },
  ]

  private static let convolution: Rule = { lowering, call in
    if try call.transposes() { return try lowering.transposedConvolution(call) }
    var convolution = try ConvolutionCall(call)
    if let border = lowering.border(of: convolution.x) { convolution.absorb(border) }
    if convolution.cutsPatches {
      try lowering.patches(convolution, call)
    } else {
      try lowering.convolution(convolution, call)
    }
  }

  /// A convolution whose stride is its kernel cuts the image into patches and is a linear layer over each of them:
  /// `[batch, channels, height, width]` to patches, linear, and back to `[batch, outputs, rows, columns]`.
  private mutating func patches(_ convolution: ConvolutionCall, _ call: Call) throws {
    let kernel = convolution.weightShape
    let patch = kernel[2]
    let matrix = network.addConstant(
      convolution.weightName, shape: [kernel[0], kernel[1] * patch * patch],
      numbers: try numbers(of: convolution.weight))
    let bias = try call.optionalConstant("bias").map { try name(of: $0) }
    let patches = try emit(.patchify(patch: patch), [name(of: convolution.x)], at: "\(call.place).patchify")
    let projected = try emit(.linear(weight: matrix, bias: bias, activation: nil), [patches], at: call.place)
    let channelsFirst = try emit(.permute([0, 2, 1]), [projected], at: call.place)
    try emit(.reshape(convolution.outputShape), [channelsFirst], as: call)
  }

  /// PyTorch's weight is `[channels, outputs, height, width]`.
  private mutating func transposedConvolution(_ call: Call) throws {
    let weight = try call.constant("weight")
    let shape = call.trace[weight].value.shape
    guard shape.count == 4, call.shape(try call.input()).count == 4, try call.integer("groups", default: 1) == 1,
      try call.pair("dilation", default: [1, 1]) == [1, 1]
    else { throw call.unsupported("the runtime transposes convolutions of images, in one group, without dilation") }
    var operation = Graph.TransposedConvolution(
      weight: "", bias: try call.optionalConstant("bias").map { try name(of: $0) }, kernel: [shape[2], shape[3]],
      stride: try call.pair("stride", default: [1, 1]), padding: try call.pair("padding", default: [0, 0]),
      outputPadding: try call.pair("output_padding", default: [0, 0]))
    let (channels, outputs, taps) = (shape[0], shape[1], operation.taps)
    operation.weight = network.addConstant(
      call.trace[weight].path ?? "\(call.place).weight",
      shape: [operation.phases * outputs, taps[0] * taps[1] * channels],
      numbers: operation.matrix(of: try numbers(of: weight), channels: channels, outputs: outputs))
    try emit(.transposedConvolution(operation), [name(of: call.input())], as: call)
  }

  /// The runtime's convolution has two dimensions, and the channels of a position side by side in its weight.
  private mutating func convolution(_ convolution: ConvolutionCall, _ call: Call) throws {
    let shape = convolution.weightShape
    let (outputs, channels, positions) = (shape[0], shape[1], shape[2...].reduce(1, *))
    let numbers = try numbers(of: convolution.weight)
    let turned = (0..<numbers.count).map { index in
      let (output, rest) = index.quotientAndRemainder(dividingBy: positions * channels)
      let (position, channel) = rest.quotientAndRemainder(dividingBy: channels)
      return numbers[(output * channels + channel) * positions + position]
    }
    let weight = network.addConstant(
      convolution.weightName, shape: [outputs, positions * channels], numbers: turned)
    func pair(_ numbers: [Int], _ missing: Int) -> [Int] { numbers.count == 1 ? [missing] + numbers : numbers }
    let operation = Graph.Convolution(
      weight: weight, bias: try call.optionalConstant("bias").map { try name(of: $0) },
      kernel: pair(Array(shape[2...]), 1), stride: pair(convolution.stride, 1), padding: pair(convolution.padding, 0),
      paddingAfter: convolution.paddingAfter == convolution.padding ? nil : pair(convolution.paddingAfter, 0),
      dilation: pair(convolution.dilation, 1), groups: convolution.groups)
    let x = try name(of: convolution.x)
    guard shape.count == 3 else { return try emit(.convolution(operation), [x], as: call) }
    let input = call.shape(convolution.x)
    let flat = try emit(.reshape([input[0], input[1], 1, input[2]]), [x], at: "\(call.place).flat")
    let output = try emit(.convolution(operation), [flat], at: call.place)
    try emit(.reshape(convolution.outputShape), [output], as: call)
  }
}

/// What a call to a convolution of one or two dimensions says.
struct ConvolutionCall {
  private(set) var x: Trace.TensorID
  let weight: Trace.TensorID
  let weightName: String
  /// `[outputs, channels of a group, …]`.
  let weightShape: [Int]
  /// One number a dimension, as in the three that follow.
  let stride: [Int]
  private(set) var padding, paddingAfter: [Int]
  let dilation: [Int]
  let groups: Int
  let outputShape: Graph.Shape
  private let sides: ArraySlice<Graph.Dimension>

  init(_ call: Call) throws {
    (x, weight) = (try call.input(), try call.constant("weight"))
    let (input, kernel) = (call.shape(x), call.trace[weight].value.shape)
    guard [3, 4].contains(kernel.count), input.count == kernel.count else {
      throw call.unsupported("the runtime has convolutions over batches of one or two dimensions")
    }
    func settings(_ name: String, default fallback: Int) throws -> [Int] {
      let numbers = try call.integers(name)
      let count = kernel.count - 2
      guard numbers.count <= 1 || numbers.count == count else {
        throw call.unsupported("its \(name) \(numbers) does not fit \(count) dimensions")
      }
      return numbers.count == count ? numbers : Array(repeating: numbers.first ?? fallback, count: count)
    }
    stride = try settings("stride", default: 1)
    padding = try settings("padding", default: 0)
    paddingAfter = padding
    dilation = try settings("dilation", default: 1)
    groups = try call.integer("groups", default: 1)
    weightShape = kernel
    weightName = call.trace[weight].path ?? "\(call.place).weight"
    var output: Graph.Shape = [input[0], .fixed(kernel[0])]
    for side in 0..<kernel.count - 2 {
      let span = dilation[side] * (kernel[2 + side] - 1) + 1
      guard
        let length = input[2 + side].adding(2 * padding[side] - span)?.dividedRoundingDown(by: stride[side])?.adding(1)
      else {
        throw call.unsupported("a stride of \(stride[side]) along \(input[2 + side]) has no length that can be written")
      }
      output.append(length)
    }
    outputShape = output
    sides = input.dropFirst(2)
  }

  /// Takes zeros around its sides into its own padding.
  mutating func absorb(_ border: Lowering.Border) {
    guard border.amounts.dropFirst(padding.count).allSatisfy({ $0 == (0, 0) }) else { return }
    x = border.source
    for (position, amount) in border.amounts.prefix(padding.count).enumerated() {
      padding[padding.count - 1 - position] += amount.before
      paddingAfter[padding.count - 1 - position] += amount.after
    }
  }

  /// Whether its square kernel steps from patch to patch of an image that patches fill. Patches of one pixel are the image
  /// itself.
  var cutsPatches: Bool {
    guard weightShape.count == 4, groups == 1 else { return false }
    let patch = weightShape[2]
    return patch > 1 && weightShape[3] == patch && stride == [patch, patch] && padding == [0, 0]
      && paddingAfter == [0, 0] && dilation == [1, 1]
      && sides.allSatisfy { $0.fixedLength?.isMultiple(of: patch) ?? false }
  }
}

extension Call {
  func transposes() throws -> Bool {
    try operation.name.baseName == "aten::conv_transpose2d" || bool("transposed", default: false)
  }
}
