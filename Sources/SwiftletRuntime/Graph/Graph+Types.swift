extension OperationRules {
  /// The element types that an operation accepts for its inputs and its output.
  ///
  /// Operations that compute read and write f32 unless they say otherwise here; operations that only move elements keep
  /// type and quantisation.
  func checkTypes(of operation: Operation, inputs: [Operand], output: Operand) throws(Mismatch) {
    let types = inputs.map(\.type)
    switch operation {
    case .reshape, .expand, .permute, .concatenate, .slice, .select:
      guard inputs.allSatisfy({ $0.type == output.type && $0.quantization == output.quantization }) else {
        throw Mismatch("moving elements cannot change their type or quantization")
      }
    case .linear(let weight, _, _):
      let encoding = try parameter(weight).encoding
      let expected: Graph.ElementType =
        switch encoding.type {
        case .float32, .bfloat16: .float32
        case .int8: .uint8
        case .uint8, .int64: throw Mismatch("a weight cannot be \(encoding.type.rawValue)")
        }
      guard types[0] == expected else {
        throw Mismatch(
          "a weight of \(encoding.type.rawValue) takes an input of \(expected.rawValue), found \(types[0].rawValue)")
      }
      guard types.dropFirst().allSatisfy({ $0 == .float32 }) else { throw Mismatch("the residual must be f32") }
      try check(output, isAmong: [.float32, .uint8])
    case .layerNorm, .attention, .activation, .add, .multiply, .patchify:
      guard types.allSatisfy({ $0 == .float32 }) else { throw Mismatch("the inputs must be f32") }
      try check(output, isAmong: [.float32, .uint8])
    case .softmax, .matmul, .mean:
      guard types.allSatisfy({ $0 == .float32 }) else { throw Mismatch("the inputs must be f32") }
      try check(output, isAmong: [.float32])
    case .convert:
      let movable: [Graph.ElementType] = [.float32, .bfloat16, .uint8]
      guard movable.contains(types[0]), movable.contains(output.type) else {
        throw Mismatch("cannot convert \(types[0].rawValue) to \(output.type.rawValue)")
      }
    }
  }

  /// What an operation sees of a value or constant.
  struct Operand {
    var type: Graph.ElementType
    var shape: Shape
    var quantization: Graph.Quantization?

    init(_ value: Graph.Value) {
      (type, shape, quantization) = (value.type, value.shape, value.quantization)
    }

    /// Only a dense constant of f32 or i64 can stand where a value can.
    init(_ constant: Graph.Constant) throws(Mismatch) {
      guard constant.encoding == .dense(.float32) || constant.encoding == .dense(.int64) else {
        throw Mismatch("the constant \(constant.name) can only be a weight, not an input")
      }
      (type, shape, quantization) = (constant.encoding.type, constant.shape.map { .fixed($0) }, nil)
    }
  }

  private func check(_ output: Operand, isAmong types: [Graph.ElementType]) throws(Mismatch) {
    guard types.contains(output.type) else {
      let expected = types.map(\.rawValue).joined(separator: " or ")
      throw Mismatch("the output is \(output.type.rawValue), expected \(expected)")
    }
  }
}
