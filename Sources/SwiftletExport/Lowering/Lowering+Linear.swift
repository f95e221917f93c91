import SwiftletRuntime

extension Lowering {
  static let linearRules: [String: Rule] = [
    "aten::linear": { lowering, call in
      try lowering.linear(
        call, input: call.input(), weight: call.constant("weight"), isTransposed: false,
        bias: call.optionalConstant("bias"))
    },
    "aten::addmm": { lowering, call in
      guard try call.number("beta", default: 1) == 1, try call.number("alpha", default: 1) == 1 else {
        throw call.unsupported("its factors beta and alpha are not 1")
      }
      try lowering.linear(
        call, input: call.tensor("mat1"), weight: call.constant("mat2"), isTransposed: true,
        bias: call.constant("self"))
    },
  ]

  /// A linear layer. A transposed weight is `[inputs, outputs]` and is stored as `[outputs, inputs]`.
  mutating func linear(
    _ call: Call, input: Trace.TensorID, weight: Trace.TensorID, isTransposed: Bool, bias: Trace.TensorID?
  ) throws {
    let x = try name(of: input)
    var matrix: String
    if isTransposed {
      let shape = call.trace[weight].value.shape
      let (inputs, outputs) = (shape[0], shape[1])
      let numbers = try numbers(of: weight)
      let transposed = (0..<inputs * outputs).map { numbers[$0 % inputs * outputs + $0 / inputs] }
      matrix = network.addConstant(
        call.trace[weight].path ?? "\(call.place).weight", shape: [outputs, inputs], numbers: transposed)
    } else {
      matrix = try name(of: weight)
    }
    let bias = try bias.map { try vector(of: $0, call) }
    try emit(.linear(weight: matrix, bias: bias, activation: nil), [x], as: call)
  }

  /// A bias of one axis.
  private mutating func vector(of id: Trace.TensorID, _ call: Call) throws -> String {
    guard call.shape(id).count == 1 else { throw call.unsupported("its bias is no vector") }
    return try name(of: id)
  }
}
