import SwiftletLanguage
import SwiftletRuntime
import SwiftletTensor

/// The constants of a language program as they are made, each encoded when it is written.
struct LanguageConstants {
  let weights: LanguageExporter.Weights
  private(set) var all: [EncodedConstant] = []

  init(weights: LanguageExporter.Weights) { self.weights = weights }

  var isInt4: Bool { if case .int4 = weights { true } else { false } }

  /// A projection, or one of several that read the same tokens.
  struct Part {
    let weight: Tensor
    let bias: Tensor?

    init(_ weight: Tensor, bias: Tensor?) { (self.weight, self.bias) = (weight, bias) }

    /// The projection whose heads, `[heads * width]` outputs, come out multiplied by the matrix, `x ↦ x turn`.
    func turned(by turn: Tensor?, heads: Int) -> Part {
      guard let turn else { return self }
      func turned(_ x: Tensor) -> Tensor {
        let inputs = x.rank == 2 ? x.shape[1] : 1
        let matrix = turn.cast(to: x.dataType)
        return Tensor.einsum("hdi,de->hei", x.reshaped([heads, turn.shape[0], inputs]), matrix).reshaped(x.shape)
      }
      return withNoGradient { Part(turned(weight), bias: bias.map(turned)) }
    }
  }

  /// Numbers that kernels read as they lie: dense f32.
  mutating func dense(_ name: String, _ tensor: Tensor, _ shape: [Int]) throws(ExportError) -> String {
    let floats = Self.floats(tensor.reshaped(shape))
    guard floats.allSatisfy(\.isFinite) else { throw .notFinite(weight: name) }
    let constant = Graph.Constant(name: name, shape: shape)
    all.append(
      EncodedConstant(constant) { () throws(ConstantError) in
        try EncodedConstant(name: name, shape: shape, floats: floats)
      })
    return name
  }

  mutating func vector(_ name: String, _ tensor: Tensor) throws(ExportError) -> String {
    try dense(name, tensor, [tensor.shape.reduce(1, *)])
  }

  mutating func matrix(
    _ name: String, _ tensor: Tensor, as weights: LanguageExporter.Weights
  ) throws(ExportError) -> String {
    try matrix(name, Self.floats(tensor), columns: tensor.shape[1], weights, pattern: nil)
  }

  private static func floats(_ tensor: Tensor) -> [Float] {
    tensor.detached().cast(to: .float32).scalars(as: Float.self)
  }

  private mutating func matrix(
    _ name: String, _ floats: [Float], columns: Int, _ weights: LanguageExporter.Weights, pattern: SparsityPattern?
  ) throws(ExportError) -> String {
    guard floats.allSatisfy(\.isFinite) else { throw .notFinite(weight: name) }
    let shape = [floats.count / columns, columns]
    let format = weights.storing(columns: columns, pattern: pattern)
    let constant = Graph.Constant(name: name, shape: shape, encoding: format.encoding)
    all.append(
      EncodedConstant(constant) { () throws(ConstantError) in
        if case .f16 = weights, pattern == nil {
          return try EncodedConstant(name: name, shape: shape, floats: floats, type: .float16)
        }
        return try Network.encode(constant, floats, as: format.format)
      })
    return name
  }

  /// Projections that read the same tokens: neighbours that are stored alike become one.
  mutating func projections(_ name: String, _ parts: [Part]) throws(ExportError) -> [LanguageProgram.Projection] {
    let columns = parts[0].weight.shape[1]
    var groups: [(pattern: SparsityPattern?, floats: [Float], parts: [Part])] = []
    for part in parts {
      let floats = Self.floats(part.weight)
      let pattern = SparsityPattern(foundIn: floats, rowLength: columns)
      if let last = groups.last, last.pattern == pattern {
        groups[groups.count - 1].floats += floats
        groups[groups.count - 1].parts.append(part)
      } else {
        groups.append((pattern, floats, [part]))
      }
    }
    var projections: [LanguageProgram.Projection] = []
    for (index, group) in groups.enumerated() {
      let own = groups.count == 1 ? name : "\(name).\(index)"
      let weight = try matrix("\(own).weight", group.floats, columns: columns, weights, pattern: group.pattern)
      var bias: String?
      if group.parts.contains(where: { $0.bias != nil }) {
        let biases = group.parts.map { $0.bias ?? Tensor.zeros([$0.weight.shape[0]]) }
        bias = try vector("\(own).bias", Tensor.concatenated(biases, along: 0))
      }
      projections.append(.init(weight: weight, bias: bias))
    }
    return projections
  }
}

extension Tensor {
  /// `[outputs, heads * width]` for inputs whose heads are multiplied by the matrix, `x ↦ x turn`: it is undone.
  func turned(by turn: Tensor?, heads: Int) -> Tensor {
    guard let turn else { return self }
    return withNoGradient {
      Tensor.einsum("ohd,de->ohe", reshaped([shape[0], heads, turn.shape[0]]), turn.cast(to: dataType)).reshaped(shape)
    }
  }
}

extension LanguageExporter.Weights {
  /// How a matrix is stored. Patterns are for fp32, bf16 and int8; 4 bits for rows that divide into groups.
  fileprivate func storing(
    columns: Int, pattern: SparsityPattern?
  ) -> (encoding: Graph.Encoding, format: WeightFormat) {
    func format(_ precision: Precision) -> (Graph.Encoding, WeightFormat) {
      let format = WeightFormat(pattern: pattern, precision: precision)
      return (format.encoding, format)
    }
    switch self {
    case .fp32: return format(.fp32)
    case .bf16: return format(.bf16)
    case .f16:
      let plain = format(.fp32)
      return pattern == nil ? (.dense(.float16), plain.1) : plain
    case .int8: return format(.int8)
    case .int4(let group):
      guard pattern == nil, columns.isMultiple(of: group) else { return format(.int8) }
      var grouped = WeightFormat(precision: .fp32)
      grouped.int4Group = group
      return (grouped.encoding, grouped)
    }
  }
}
