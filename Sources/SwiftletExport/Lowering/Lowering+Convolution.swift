import SwiftletRuntime

extension Lowering {
  static let convolutionRules: [String: Rule] = [
    "aten::conv2d": { lowering, call in
      try lowering.convolution(call)
    },
    "aten::convolution": { lowering, call in
      guard try call.bool("transposed", default: false) == false else {
        throw call.unsupported("it is a transposed convolution")
      }
      try lowering.convolution(call)
    },
  ]

  /// A convolution whose stride is its kernel cuts the image into patches and is a linear layer over each of them:
  /// `[batch, channels, height, width]` to patches, linear, and back to `[batch, outputs, rows, columns]`.
  private mutating func convolution(_ call: Call) throws {
    let (x, weight) = (try call.input(), try call.constant("weight"))
    let kernel = call.trace[weight].value.shape
    let output = call.shape(try call.result())
    guard kernel.count == 4, output.count == 4, kernel[2] == kernel[3] else {
      throw call.unsupported("its kernel \(kernel) is not square")
    }
    let patch = kernel[2]
    guard try call.integers("stride").allSatisfy({ $0 == patch }), !(try call.integers("stride").isEmpty && patch != 1),
      try call.integers("padding").allSatisfy({ $0 == 0 }), try call.integers("dilation").allSatisfy({ $0 == 1 }),
      try call.integer("groups", default: 1) == 1
    else {
      throw call.unsupported(
        "the runtime only has convolutions whose stride is their kernel, without padding or groups")
    }
    let image = call.shape(x)
    guard image[2].factor % patch == 0, image[3].factor % patch == 0 else {
      throw call.unsupported("patches of \(patch) do not divide the image")
    }

    let matrix = network.addConstant(
      call.trace[weight].path ?? "\(call.place).weight", shape: [kernel[0], kernel[1] * patch * patch],
      numbers: try numbers(of: weight))
    let bias = try call.optionalConstant("bias").map { try name(of: $0) }
    let patches = try emit(.patchify(patch: patch), [name(of: x)], at: "\(call.place).patchify")
    let projected = try emit(.linear(weight: matrix, bias: bias, activation: nil), [patches], at: call.place)
    let channelsFirst = try emit(.permute([0, 2, 1]), [projected], at: call.place)
    try emit(.reshape(output), [channelsFirst], as: call)
  }
}
