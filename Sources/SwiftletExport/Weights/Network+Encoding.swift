import SwiftletRuntime

extension Network {
  /// Packs every constant: the weights in `formats` as they say, all others as f32.
  ///
  /// The graph's constants get their encodings.
  mutating func encode(_ formats: [String: WeightFormat]) throws -> [EncodedConstant] {
    let encoded = try graph.constants.map { constant in
      try Self.encode(
        constant, numbers[constant.name] ?? [], as: formats[constant.name] ?? WeightFormat(precision: .fp32))
    }
    graph.constants = encoded.map(\.constant)
    return encoded
  }

  /// The elements of a constant, packed.
  static func encode(
    _ constant: Graph.Constant, _ numbers: [Float], as format: WeightFormat
  ) throws -> EncodedConstant {
    switch format.precision {
    case .fp32, .bf16:
      return try EncodedConstant(
        name: constant.name, shape: constant.shape, floats: numbers,
        type: format.precision == .fp32 ? .float32 : .bfloat16, pattern: format.pattern)
    case .int8:
      // An infinite weight would make its row's scale infinite, and the row zeros.
      guard numbers.allSatisfy(\.isFinite) else { throw ExportError.notFinite(weight: constant.name) }
      let weights = Int8Weights(numbers, rows: constant.shape[0])
      return try EncodedConstant(
        name: constant.name, shape: constant.shape, int8: weights.integers, scales: weights.scales,
        pattern: format.pattern)
    }
  }
}
