import SwiftletRuntime

extension Network {
  /// Every constant, to be packed when it is written: the weights in `formats` as they say, all others as f32.
  ///
  /// The graph's constants get their encodings.
  mutating func encode(_ formats: [String: WeightFormat]) throws(ExportError) -> [EncodedConstant] {
    var encoded: [EncodedConstant] = []
    for constant in graph.constants {
      let format = formats[constant.name] ?? WeightFormat(precision: .fp32)
      let numbers = numbers[constant.name] ?? []
      guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(weight: constant.name) }
      let packed = Graph.Constant(name: constant.name, shape: constant.shape, encoding: format.encoding)
      encoded.append(
        EncodedConstant(packed) { () throws(ConstantError) in try Self.encode(constant, numbers, as: format) })
    }
    graph.constants = encoded.map(\.constant)
    return encoded
  }

  /// The elements of a constant, all finite, packed.
  static func encode(
    _ constant: Graph.Constant, _ numbers: [Float], as format: WeightFormat
  ) throws(ConstantError) -> EncodedConstant {
    if let size = format.int4Group {
      return try EncodedConstant(name: constant.name, shape: constant.shape, floats: numbers, int4GroupsOf: size)
    }
    switch format.precision {
    case .fp32, .bf16:
      return try EncodedConstant(
        name: constant.name, shape: constant.shape, floats: numbers, type: format.encoding.type,
        pattern: format.pattern)
    case .int8:
      let weights = Int8Weights(numbers, rows: constant.shape[0])
      return try EncodedConstant(
        name: constant.name, shape: constant.shape, int8: weights.integers, scales: weights.scales,
        pattern: format.pattern)
    }
  }
}
