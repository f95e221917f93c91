extension Graph {
  /// Bounds that keep arithmetic over a forged graph far from overflow.
  enum Limit {
    static let rank = 8
    static let dimension = 1 << 31
    /// Elements of a value for one sample, and of a constant.
    static let elements = 1 << 40
    static let parts = 1 << 14
    /// Multiply-adds of a node for one sample.
    static let multiplyAdds = 1 << 48
    static let nameLength = 512
    /// 65536 products of 255 and 127 still fit in 32 bits.
    static let int8Inputs = 1 << 16
    static let batch = 1 << 20
    static let axes = 16
    static let axisLength = 1 << 24
    /// Tokens of a side of a map that is cut into windows, and of a window.
    static let windowedSide = 1 << 12
    static let windowSize = 1 << 6
  }

  /// Why an operation does not fit its inputs; the caller adds the place.
  struct Mismatch: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// The product of the lengths, or nil where it passes the limit.
  static func elementCount(_ lengths: [Int]) -> Int? {
    var count = 1
    for length in lengths {
      let (product, overflows) = count.multipliedReportingOverflow(by: length)
      guard length >= 1, !overflows, product <= Limit.elements else { return nil }
      count = product
    }
    return count
  }
}

/// What an operation's rules see of the graph around it, and what they have in common.
struct OperationRules {
  typealias Shape = Graph.Shape
  typealias Mismatch = Graph.Mismatch

  /// The axes that the graph declares, by name.
  let axes: [String: Graph.Axis]
  /// One sample, every other axis at its greatest.
  let oneSample: Graph.AxisLengths
  /// Finds a weight or bias.
  let constant: (String) -> Graph.Constant?

  init(_ graph: Graph, constant: @escaping (String) -> Graph.Constant?) {
    axes = Dictionary(graph.axes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    oneSample = graph.oneSample
    self.constant = constant
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

  static func text(_ shape: Shape) -> String { "[\(shape.map(\.description).joined(separator: ", "))]" }
}

// MARK: Inputs and parameters

extension OperationRules {
  func only(_ inputs: [Shape]) throws(Mismatch) -> Shape {
    try counted(inputs, 1...1)
    return inputs[0]
  }

  func counted(_ inputs: [Shape], _ range: ClosedRange<Int>) throws(Mismatch) {
    guard range.contains(inputs.count) else {
      let expected = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw Mismatch("expected \(expected) inputs, found \(inputs.count)")
    }
  }

  func parameter(_ name: String) throws(Mismatch) -> Graph.Constant {
    guard let constant = constant(name) else { throw Mismatch("there is no constant named \(name)") }
    return constant
  }

  /// A weight `[outputs, inputs]`.
  func matrix(_ name: String) throws(Mismatch) -> Graph.Constant {
    let matrix = try parameter(name)
    guard matrix.shape.count == 2 else {
      throw Mismatch("the weight \(name) has shape \(matrix.shape), expected 2 axes")
    }
    guard matrix.encoding.type != .int8 || matrix.shape[1] <= Graph.Limit.int8Inputs else {
      throw Mismatch(
        "\(name) has \(matrix.shape[1]) inputs, sums of 8-bit products hold \(Graph.Limit.int8Inputs)")
    }
    return matrix
  }

  func checkVector(_ name: String?, length: Int) throws(Mismatch) {
    guard let name else { return }
    let constant = try parameter(name)
    guard constant.shape == [length], constant.encoding == .dense(.float32) else {
      throw Mismatch("\(name) has shape \(constant.shape), expected [\(length)] as dense f32")
    }
  }
}

// MARK: Shapes

extension OperationRules {
  /// Ranks, lengths and the number of elements lie within the limits, and every axis is declared.
  func checkShape(_ shape: Shape) throws(Mismatch) {
    guard shape.count <= Graph.Limit.rank else {
      throw Mismatch("\(shape.count) axes are more than \(Graph.Limit.rank)")
    }
    for dimension in shape {
      guard let name = dimension.axisName else { continue }
      guard let axis = axes[name] else {
        throw Mismatch("\"\(dimension)\" is no dimension: the graph declares no axis \(name)")
      }
      guard dimension.length([name: axis.maximum]) >= 1 else {
        throw Mismatch("\(dimension) is empty even where \(name) is \(axis.maximum)")
      }
    }
    let lengths = shape.map { max($0.length(oneSample), $0.axisName == nil ? $0.factor : 1) }
    guard lengths.allSatisfy({ (1...Graph.Limit.dimension).contains($0) }), Graph.elementCount(lengths) != nil else {
      throw Mismatch("the shape \(Self.text(shape)) has an axis below 1 or too many elements")
    }
    guard shape.count(where: \.isBatch) <= 1 else { throw Mismatch("the shape \(Self.text(shape)) has two batch axes") }
  }

  /// An axis along which samples are not mixed.
  func checkAxis(_ axis: Int, of shape: Shape) throws(Mismatch) {
    guard shape.indices.contains(axis) else { throw Mismatch("\(Self.text(shape)) has no axis \(axis)") }
    guard !shape[axis].isBatch else { throw Mismatch("axis \(axis) of \(Self.text(shape)) is the batch") }
  }

  /// The common shape of two operands, aligned at the last axis as in NumPy.
  func broadcast(_ a: Shape, _ b: Shape) throws(Mismatch) -> Shape {
    var output: Shape = []
    for i in 0..<max(a.count, b.count) {
      let x = i < a.count ? a[a.count - 1 - i] : 1
      let y = i < b.count ? b[b.count - 1 - i] : 1
      guard x == y || x == 1 || y == 1 else { throw Mismatch("\(Self.text(a)) and \(Self.text(b)) do not broadcast") }
      output.insert(x == 1 ? y : x, at: 0)
    }
    return output
  }

  /// Each element of `output` is a sum of `inner` products.
  func checkWork(_ output: Shape, inner: Int) throws(Mismatch) {
    guard inner >= 1, let elements = Graph.elementCount(output.map { max(1, $0.length(oneSample)) }),
      elements <= Graph.Limit.multiplyAdds / inner
    else { throw Mismatch("\(Self.text(output)) sums of \(inner) products are too many") }
  }

  func product(_ factors: [Int]) throws(Mismatch) -> Int {
    guard let product = Graph.elementCount(factors) else { throw Mismatch("\(factors) multiply to too many elements") }
    return product
  }
}

// MARK: Types

extension OperationRules {
  /// What kernels that compute in floats can write.
  var writable: [Graph.ElementType] { [.float32, .bfloat16, .uint8] }

  func check(
    _ what: String, _ type: Graph.ElementType, isAmong types: [Graph.ElementType]
  ) throws(Mismatch) {
    guard types.contains(type) else {
      throw Mismatch("\(what) is \(type.rawValue), expected \(types.map(\.rawValue).joined(separator: " or "))")
    }
  }

  /// The input that a weight of this type multiplies.
  func checkInput(_ type: Graph.ElementType, ofWeight name: String) throws(Mismatch) {
    let accepted: [Graph.ElementType] =
      switch try parameter(name).encoding.type {
      // f16 and u4 are for keeping: they are multiplied as f32.
      case .float32, .float16, .uint4: [.float32]
      case .bfloat16: [.float32, .bfloat16]
      case .int8: [.uint8]
      case .uint8, .int64: throw Mismatch("the weight \(name) is neither f32, bf16, f16, s8 nor u4")
      }
    try check("the input", type, isAmong: accepted)
  }

  /// The input that a weight multiplies in integers after it was quantised as the layer runs.
  func checkQuantizedInput(_ type: Graph.ElementType, ofWeight name: String) throws(Mismatch) {
    let weight = try parameter(name).encoding.type
    guard weight == .int8 || weight == .uint4 else {
      throw Mismatch("the weight \(name) is \(weight.rawValue), quantized tokens are multiplied by s8 or u4")
    }
    try check("the input", type, isAmong: [.float32])
  }

  /// Type and quantisation of every input are the output's.
  func checkMoved(_ inputs: [Operand], to output: Operand) throws(Mismatch) {
    guard inputs.allSatisfy({ $0.type == output.type && $0.quantization == output.quantization }) else {
      throw Mismatch("moving elements cannot change their type or quantization")
    }
  }
}
