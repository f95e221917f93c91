extension Graph {
  /// Bounds that keep arithmetic over a forged graph far from overflow.
  enum Limit {
    static let rank = 8
    static let dimension = 1 << 31
    /// Elements of a value at batch size 1, and of a constant.
    static let elements = 1 << 40
    static let parts = 1 << 14
    /// Multiply-adds of a node at batch size 1.
    static let multiplyAdds = 1 << 48
    static let nameLength = 512
    /// 65536 products of 255 and 127 still fit in 32 bits.
    static let int8Inputs = 1 << 16
    static let batch = 1 << 20
    /// Tokens of a side of a map that is cut into windows, and of a window.
    static let windowedSide = 1 << 12
    static let windowSize = 1 << 6
  }

  /// Why an operation does not fit its inputs; the caller adds the place.
  struct Mismatch: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// The number of elements at batch size 1, or nil where it passes the limit.
  static func elementCount(_ shape: Shape) -> Int? { elementCount(shape.map(\.factor)) }

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

/// What each operation demands of its operands, and the shape it gives to its output.
struct OperationRules {
  typealias Shape = Graph.Shape
  typealias Operation = Graph.Operation
  typealias Mismatch = Graph.Mismatch

  /// Finds a weight or bias.
  let constant: (String) -> Graph.Constant?

  /// The shape that an operation gives to its output.
  func outputShape(of operation: Operation, inputs: [Shape]) throws(Mismatch) -> Shape {
    switch operation {
    case .patchify(let patch):
      let x = try only(inputs)
      guard x.count == 4, x[0].isBatch, !x.dropFirst().contains(where: \.isBatch) else {
        throw Mismatch("expected an image [batch, channels, height, width], found \(Self.text(x))")
      }
      let (height, width) = (x[2].factor, x[3].factor)
      guard patch >= 1, height % patch == 0, width % patch == 0 else {
        throw Mismatch("\(height) x \(width) pixels do not divide into patches of \(patch)")
      }
      return [x[0], .fixed(height / patch * (width / patch)), .fixed(try product([x[1].factor, patch, patch]))]
    case .linear(let weight, let bias, _):
      try counted(inputs, 1...2)
      let x = inputs[0]
      let matrix = try parameter(weight)
      guard matrix.shape.count == 2 else {
        throw Mismatch("the weight \(weight) has shape \(matrix.shape), expected 2 axes")
      }
      guard matrix.encoding.type != .int8 || matrix.shape[1] <= Graph.Limit.int8Inputs else {
        throw Mismatch("\(weight) has \(matrix.shape[1]) inputs, sums of 8-bit products hold \(Graph.Limit.int8Inputs)")
      }
      guard let last = x.last, last == .fixed(matrix.shape[1]) else {
        throw Mismatch("the input \(Self.text(x)) does not end in the \(matrix.shape[1]) columns of \(weight)")
      }
      try checkVector(bias, length: matrix.shape[0])
      let output: Shape = Array(x.dropLast()) + [.fixed(matrix.shape[0])]
      try checkWork(output, inner: matrix.shape[1])
      if inputs.count == 2, inputs[1] != output {
        throw Mismatch("the residual has shape \(Self.text(inputs[1])), expected \(Self.text(output))")
      }
      return output
    case .layerNorm(let weight, let bias, let epsilon):
      let x = try only(inputs)
      guard let last = x.last, !last.isBatch else { throw Mismatch("the last axis of \(Self.text(x)) must be fixed") }
      guard epsilon.isFinite, epsilon >= 0, epsilon < 1e30 else { throw Mismatch("epsilon is \(epsilon)") }
      try checkVector(weight, length: last.factor)
      try checkVector(bias, length: last.factor)
      return x
    case .activation, .convert: return try only(inputs)
    case .softmax:
      let x = try only(inputs)
      guard let last = x.last, !last.isBatch else { throw Mismatch("the last axis of \(Self.text(x)) must be fixed") }
      return x
    case .add, .multiply:
      try counted(inputs, 2...2)
      return try broadcast(inputs[0], inputs[1])
    case .attention(let heads, let scale, let windows):
      return try attentionShape(heads: heads, scale: scale, windows, inputs)
    case .matmul(let transposes): return try matmulShape(transposes: transposes, inputs)
    case .reshape(let shape):
      let x = try only(inputs)
      try Self.checkShape(shape)
      guard Graph.elementCount(x) == Graph.elementCount(shape),
        x.contains(where: \.isBatch) == shape.contains(where: \.isBatch)
      else { throw Mismatch("\(Self.text(x)) cannot be reshaped to \(Self.text(shape))") }
      return shape
    case .expand(let shape):
      let x = try only(inputs)
      try Self.checkShape(shape)
      guard try broadcast(x, shape) == shape else {
        throw Mismatch("\(Self.text(x)) cannot be expanded to \(Self.text(shape))")
      }
      return shape
    case .permute(let order):
      let x = try only(inputs)
      guard order.sorted() == Array(x.indices) else {
        throw Mismatch("\(order) is no order of the axes of \(Self.text(x))")
      }
      return order.map { x[$0] }
    case .concatenate(let axis): return try concatenatedShape(axis: axis, inputs)
    case .slice(let axis, let start, let end):
      var x = try only(inputs)
      try checkAxis(axis, of: x)
      guard start >= 0, start < end, end <= x[axis].factor else {
        throw Mismatch("the range \(start)..<\(end) does not lie in axis \(axis) of \(Self.text(x))")
      }
      x[axis] = .fixed(end - start)
      return x
    case .select(let axis, let index):
      var x = try only(inputs)
      try checkAxis(axis, of: x)
      guard index >= 0, index < x[axis].factor else {
        throw Mismatch("the index \(index) lies outside axis \(axis) of \(Self.text(x))")
      }
      x.remove(at: axis)
      return x
    case .mean(let axes, let keepsAxes):
      var x = try only(inputs)
      guard let first = axes.first, axes.indices.allSatisfy({ axes[$0] - $0 == first }) else {
        throw Mismatch("the axes \(axes) are not neighbours in ascending order")
      }
      for axis in axes { try checkAxis(axis, of: x) }
      for axis in axes.reversed() {
        if keepsAxes { x[axis] = .fixed(1) } else { x.remove(at: axis) }
      }
      return x
    }
  }

  private func attentionShape(
    heads: Int, scale: Double, _ windows: Graph.AttentionWindows?, _ inputs: [Shape]
  ) throws(Mismatch) -> Shape {
    try counted(inputs, 1...4)
    guard scale.isFinite, abs(scale) < 1e30 else { throw Mismatch("the scale is \(scale)") }
    let isPacked = inputs.count <= 2
    for x in inputs.prefix(isPacked ? 1 : 3) {
      guard x.count == 3, x[0].isBatch, !x[1].isBatch, !x[2].isBatch else {
        throw Mismatch("expected [batch, tokens, width], found \(Self.text(x))")
      }
    }
    var output = inputs[0]
    let keys = inputs[isPacked ? 0 : 1]
    if isPacked {
      guard output[2].factor % 3 == 0 else {
        throw Mismatch("the width of \(Self.text(output)) is not three times a width")
      }
      output[2] = .fixed(output[2].factor / 3)
    } else {
      guard inputs[2] == keys, keys[0] == output[0], keys[2] == output[2] else {
        throw Mismatch(
          "queries \(Self.text(output)), keys \(Self.text(keys)) and values \(Self.text(inputs[2])) do not agree")
      }
    }
    guard heads >= 1, output[2].factor % heads == 0 else {
      throw Mismatch("\(heads) heads do not divide a width of \(output[2].factor)")
    }
    if let windows {
      try check(windows, heads: heads, queries: output[1], keys: keys[1], masked: inputs.count % 2 == 0)
    }
    try checkWork(output, inner: 2 * (windows?.tokens ?? keys[1].factor))
    if inputs.count % 2 == 0, let mask = inputs.last {
      let (queries, keys) = (output[1], keys[1])
      let shapes: [Shape] = [
        [queries, keys], [.fixed(heads), queries, keys], [1, .fixed(heads), queries, keys], [1, 1, queries, keys],
        [output[0], 1, queries, keys],
      ]
      guard shapes.contains(mask) else {
        throw Mismatch(
          "the mask is \(Self.text(mask)), expected [queries, keys], [heads, queries, keys] or [batch, 1, queries, keys]"
            + " with \(queries) queries, \(keys) keys and \(heads) heads")
      }
    }
    return output
  }

  private func check(
    _ windows: Graph.AttentionWindows, heads: Int, queries: Graph.Dimension, keys: Graph.Dimension, masked: Bool
  ) throws(Mismatch) {
    let (side, size) = (windows.side, windows.size)
    guard (1...Graph.Limit.windowSize).contains(size), (size...max(size, Graph.Limit.windowedSide)).contains(side),
      side % size == 0
    else { throw Mismatch("windows of \(size) do not tile a map of \(side), or are too large") }
    guard (0..<size).contains(windows.shift) else {
      throw Mismatch("windows of \(size) are shifted by \(windows.shift), expected 0 to \(size - 1)")
    }
    guard queries == .fixed(side * side), keys == queries, !masked else {
      throw Mismatch(
        "windows of a map of \(side) need \(side * side) queries and keys and no mask, found \(queries) queries and "
          + "\(keys) keys\(masked ? " and a mask" : "")")
    }
    guard let biases = windows.biases else { return }
    let constant = try parameter(biases)
    let span = 2 * size - 1
    guard constant.shape == [span * span, heads], constant.encoding == .dense(.float32) else {
      throw Mismatch("\(biases) has shape \(constant.shape), expected [\(span * span), \(heads)] as dense f32")
    }
  }

  private func matmulShape(transposes: Bool, _ inputs: [Shape]) throws(Mismatch) -> Shape {
    try counted(inputs, 2...2)
    let (a, b) = (inputs[0], inputs[1])
    guard a.count >= 2, b.count >= 2, !b.suffix(2).contains(where: \.isBatch), let inner = a.last else {
      throw Mismatch("\(Self.text(a)) and \(Self.text(b)) are no matrices")
    }
    let (rows, columns) = transposes ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
    guard inner == rows, b.count == 2 || Array(b.dropLast(2)) == Array(a.dropLast(2)) else {
      throw Mismatch("\(Self.text(a)) and \(Self.text(b))\(transposes ? " transposed" : "") cannot be multiplied")
    }
    let output = Array(a.dropLast()) + [columns]
    try checkWork(output, inner: inner.factor)
    return output
  }

  private func concatenatedShape(axis: Int, _ inputs: [Shape]) throws(Mismatch) -> Shape {
    try counted(inputs, 1...Graph.Limit.parts)
    var output = inputs[0]
    try checkAxis(axis, of: output)
    for x in inputs.dropFirst() {
      try checkAxis(axis, of: x)
      guard x.count == output.count, x.indices.allSatisfy({ $0 == axis || x[$0] == output[$0] }) else {
        throw Mismatch("\(Self.text(x)) cannot be joined to \(Self.text(output)) along axis \(axis)")
      }
      output[axis] = .fixed(output[axis].factor + x[axis].factor)
    }
    return output
  }

  /// The common shape of two operands, aligned at the last axis as in NumPy.
  private func broadcast(_ a: Shape, _ b: Shape) throws(Mismatch) -> Shape {
    var output: Shape = []
    for i in 0..<max(a.count, b.count) {
      let x = i < a.count ? a[a.count - 1 - i] : 1
      let y = i < b.count ? b[b.count - 1 - i] : 1
      guard x == y || x == 1 || y == 1 else { throw Mismatch("\(Self.text(a)) and \(Self.text(b)) do not broadcast") }
      output.insert(x == 1 ? y : x, at: 0)
    }
    return output
  }

  /// Ranks, lengths and the number of elements lie within the limits.
  static func checkShape(_ shape: Shape) throws(Mismatch) {
    guard shape.count <= Graph.Limit.rank else {
      throw Mismatch("\(shape.count) axes are more than \(Graph.Limit.rank)")
    }
    guard shape.allSatisfy({ (1...Graph.Limit.dimension).contains($0.factor) }), Graph.elementCount(shape) != nil else {
      throw Mismatch("the shape \(Self.text(shape)) has an axis below 1 or too many elements")
    }
    guard shape.count(where: \.isBatch) <= 1 else { throw Mismatch("the shape \(Self.text(shape)) has two batch axes") }
  }

  static func text(_ shape: Shape) -> String { "[\(shape.map(\.description).joined(separator: ", "))]" }

  private func only(_ inputs: [Shape]) throws(Mismatch) -> Shape {
    try counted(inputs, 1...1)
    return inputs[0]
  }

  private func counted(_ inputs: [Shape], _ range: ClosedRange<Int>) throws(Mismatch) {
    guard range.contains(inputs.count) else {
      let expected = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw Mismatch("expected \(expected) inputs, found \(inputs.count)")
    }
  }

  private func checkAxis(_ axis: Int, of shape: Shape) throws(Mismatch) {
    guard shape.indices.contains(axis) else { throw Mismatch("\(Self.text(shape)) has no axis \(axis)") }
    guard !shape[axis].isBatch else { throw Mismatch("axis \(axis) of \(Self.text(shape)) is the batch") }
  }

  func parameter(_ name: String) throws(Mismatch) -> Graph.Constant {
    guard let constant = constant(name) else { throw Mismatch("there is no constant named \(name)") }
    return constant
  }

  private func checkVector(_ name: String?, length: Int) throws(Mismatch) {
    guard let name else { return }
    let constant = try parameter(name)
    guard constant.shape == [length], constant.encoding == .dense(.float32) else {
      throw Mismatch("\(name) has shape \(constant.shape), expected [\(length)] as dense f32")
    }
  }

  /// Each element of `output` is a sum of `inner` products.
  private func checkWork(_ output: Shape, inner: Int) throws(Mismatch) {
    guard let elements = Graph.elementCount(output), elements <= Graph.Limit.multiplyAdds / inner else {
      throw Mismatch("\(Self.text(output)) sums of \(inner) products are too many")
    }
  }

  private func product(_ factors: [Int]) throws(Mismatch) -> Int {
    guard let product = Graph.elementCount(factors) else { throw Mismatch("\(factors) multiply to too many elements") }
    return product
  }
}
