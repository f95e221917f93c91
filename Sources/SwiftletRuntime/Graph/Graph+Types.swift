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
      let accepted: [Graph.ElementType] =
        switch try parameter(weight).encoding.type {
        case .float32: [.float32]
        case .bfloat16: [.float32, .bfloat16]
        case .int8: [.uint8]
        case .uint8, .int64: throw Mismatch("the weight \(weight) is neither f32, bf16 nor s8")
        }
      try check("the input", types[0], isAmong: accepted)
      if types.count > 1 { try check("the residual", types[1], isAmong: [.float32]) }
      try check("the output", output.type, isAmong: writable)
    case .attention:
      let isPacked = types.count <= 2
      let streams = types.prefix(isPacked ? 1 : 3)
      for type in streams { try check("the input", type, isAmong: writable) }
      guard Set(streams).count == 1 else { throw Mismatch("queries, keys and values have different types") }
      if types.count > streams.count { try check("the mask", types[streams.count], isAmong: [.float32]) }
      try check("the output", output.type, isAmong: writable)
    case .layerNorm, .patchify:
      try check("the input", types[0], isAmong: [.float32])
      try check("the output", output.type, isAmong: writable)
    case .activation, .add, .multiply, .softmax, .matmul, .mean:
      for type in types { try check("the input", type, isAmong: [.float32]) }
      try check("the output", output.type, isAmong: [.float32])
    case .convert:
      guard writable.contains(types[0]), writable.contains(output.type), types[0] == .float32 || output.type == .float32
      else { throw Mismatch("cannot convert \(types[0].rawValue) to \(output.type.rawValue): one side must be f32") }
    }
  }

  /// What kernels that compute in floats can write.
  private var writable: [Graph.ElementType] { [.float32, .bfloat16, .uint8] }

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

  private func check(
    _ what: String, _ type: Graph.ElementType, isAmong types: [Graph.ElementType]
  ) throws(Mismatch) {
    guard types.contains(type) else {
      throw Mismatch("\(what) is \(type.rawValue), expected \(types.map(\.rawValue).joined(separator: " or "))")
    }
  }
}
