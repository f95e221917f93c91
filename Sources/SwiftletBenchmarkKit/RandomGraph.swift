import SwiftletFiles
import SwiftletRuntime

/// A graph in the making whose constants are drawn: for networks that are timed where no trained model is at hand.
struct RandomGraph {
  var graph: Graph
  /// What weights are stored as.
  let precision: Precision
  private var constants: [EncodedConstant] = []
  private var generator: SplitMix64

  init(name: String, precision: Precision, seed: UInt64) {
    graph = Graph(name: name)
    self.precision = precision
    generator = SplitMix64(seed: seed)
  }

  func model() throws -> ModelFile { try ModelFile(graph, constants: constants) }

  /// A matrix of numbers in `-range...range`, of which each group keeps as many as the pattern says.
  mutating func weight(
    _ name: String, rows: Int, columns: Int, range: Float, pattern: SparsityPattern?
  ) throws -> String {
    let weights = kept(rows * columns, pattern)
    switch precision {
    case .int8:
      return append(
        try EncodedConstant(
          name: name, shape: [rows, columns], int8: weights.map { Int8($0 * 127) },
          scales: [Float](repeating: range / 127, count: rows), pattern: pattern))
    case .fp32, .bf16:
      return append(
        try EncodedConstant(
          name: name, shape: [rows, columns], floats: weights.map { $0 * range },
          type: precision == .bf16 ? .bfloat16 : .float32, pattern: pattern))
    }
  }

  mutating func floats(_ name: String, _ shape: [Int], _ range: Float) throws -> String {
    append(try EncodedConstant(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map { _ in unit() * range }))
  }

  /// Numbers in -1...1, of which each group keeps as many as the pattern says, at random places.
  private mutating func kept(_ count: Int, _ pattern: SparsityPattern?) -> [Float] {
    var weights = (0..<count).map { _ in unit() }
    guard let pattern else { return weights }
    for start in stride(from: 0, to: count, by: pattern.group) {
      for place in 0..<pattern.group {
        // Draws the dropped places without repetition: of the places left, drop as many as must go.
        let left = pattern.group - place
        let mustGo = pattern.group - pattern.kept - weights[start..<start + place].count { $0 == 0 }
        if Int(generator.next() % UInt64(left)) < mustGo { weights[start + place] = 0 }
      }
    }
    return weights
  }

  /// A number in -1...1.
  mutating func unit() -> Float { Float(generator.next() >> 40) / Float(1 << 23) - 1 }

  private mutating func append(_ constant: EncodedConstant) -> String {
    constants.append(constant)
    graph.constants.append(constant.constant)
    return constant.constant.name
  }
}
