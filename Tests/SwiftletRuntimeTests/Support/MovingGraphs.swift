@testable import SwiftletRuntime

/// Random graphs that slice, join and reshape much of what they compute.
struct MovingGraphs {
  private(set) var builder: ModelBuilder
  private var names: [String]
  private static let mostElements = 1000

  static func graph(seed: UInt64) throws -> ModelBuilder {
    var graphs = MovingGraphs(seed: seed)
    let count = graphs.builder.random.int(3...30)
    while graphs.builder.graph.nodes.count < count { try graphs.appendSome() }
    graphs.chooseOutputs()
    return graphs.builder
  }

  private init(seed: UInt64) {
    builder = ModelBuilder(seed: seed)
    names = [
      builder.graph.appendInput("maps", shape: [.batch, 4, 3, 5]),
      builder.graph.appendInput("more", shape: [.batch, 2, 3, 5]),
      builder.graph.appendInput("tokens", shape: [.batch, 6, 12]),
    ]
  }

  private mutating func int(_ range: ClosedRange<Int>) -> Int { builder.random.int(range) }
  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[int(0...elements.count - 1)] }
  private func value(_ name: String) -> Graph.Value { builder.graph.value(named: name) ?? .init(name: "", shape: []) }
  /// The lengths for one sample.
  private func lengths(_ name: String) -> [Int] { value(name).shape.map { $0.length(["batch": 1]) } }

  @discardableResult
  private mutating func append(
    _ operation: Graph.Operation, _ inputs: [String], type: Graph.ElementType? = nil,
    _ quantization: Graph.Quantization? = nil
  ) throws -> String {
    let name = try builder.graph.append(
      operation, named: "n\(builder.graph.nodes.count)", of: inputs, type: type, quantization: quantization)
    names.append(name)
    return name
  }

  /// Appends one operation, or a few that often go together.
  private mutating func appendSome() throws {
    let x = pick(names)
    let shape = value(x).shape
    let isFloat = value(x).type == .float32
    let axis = shape.count > 1 ? int(1...shape.count - 1) : 0
    switch int(0...(isFloat ? 15 : 6)) {
    case 0, 1: try join(x, axis: axis)
    case 2: try slice(x, axis: axis)
    case 3: try cut(x, axis: axis)
    case 4: if shape.count > 2 { try append(.select(axis: axis, index: .fixed(int(0...lengths(x)[axis] - 1))), [x]) }
    case 5: try reshape(x)
    case 6:
      if !isFloat {
        try append(.convert, [x])
      } else if shape.count > 2 {
        try append(.permute([0] + Array(shape.indices.dropFirst().reversed())), [x])
      }
    case 7: try append(.activation(pick([.relu, .gelu, .silu])), [x])
    case 8, 9:
      let others = names.filter { value($0).shape == shape && value($0).type == .float32 }
      try append(pick([.add, .multiply]), [x, pick(others)])
    case 10:
      let scale = try builder.constant("c\(builder.constants.count)", [shape.last?.factor ?? 1])
      try append(.multiply, builder.random.bool() ? [x, scale] : [scale, x])
    case 11: try append(pick([.softmax, .layerNorm(weight: nil, bias: nil, epsilon: 1e-5)]), [x])
    case 12:
      let type = pick([Graph.ElementType.uint8, .bfloat16])
      try append(.convert, [x], type: type, type == .uint8 ? .init(scale: 0.02, zeroPoint: 120) : nil)
    case 13 where shape.count == 3: try attend(x)
    case 14 where shape.count == 4: try convolve(x)
    default: try connect(x)
    }
  }

  private mutating func join(_ x: String, axis: Int) throws {
    guard axis > 0 else { return }
    let (own, value) = (lengths(x), value(x))
    var parts = [x]
    let fitting = names.filter { other in
      let shape = lengths(other)
      return shape.count == own.count && shape.indices.allSatisfy { $0 == axis || shape[$0] == own[$0] }
        && self.value(other).type == value.type && self.value(other).quantization == value.quantization
    }
    for _ in 0..<int(0...3) { parts.append(pick(fitting)) }
    guard parts.reduce(0, { $0 + lengths($1).reduce(1, *) }) <= Self.mostElements else { return }
    try append(.concatenate(axis: axis), parts)
  }

  private mutating func slice(_ x: String, axis: Int) throws {
    guard axis > 0 else { return }
    let length = lengths(x)[axis]
    let start = int(0...length - 1)
    let end = int(start + 1...length)
    let part = try append(.slice(axis: axis, start: .fixed(start), end: .fixed(end)), [x])
    guard value(x).type == .float32 else { return }
    // Beside another part of the same value, which may overlap it, or beside the whole.
    if builder.random.bool() {
      let other = int(0...length - (end - start))
      let second = try append(
        .slice(axis: axis, start: .fixed(other), end: .fixed(other + end - start)), [x])
      try append(pick([.add, .multiply]), [part, second])
    } else if end - start == 1 {
      try append(pick([.add, .multiply]), builder.random.bool() ? [x, part] : [part, x])
    }
  }

  /// Both parts of an axis, and what is computed from one joined to them.
  private mutating func cut(_ x: String, axis: Int) throws {
    guard axis > 0, lengths(x)[axis] > 1, 2 * lengths(x).reduce(1, *) <= Self.mostElements else { return }
    let length = lengths(x)[axis]
    let middle = int(1...length - 1)
    let first = try append(.slice(axis: axis, start: 0, end: .fixed(middle)), [x])
    let second = try append(.slice(axis: axis, start: .fixed(middle), end: .fixed(length)), [x])
    var parts = [first, second]
    if value(x).type == .float32 { parts.append(try append(.activation(.silu), [second])) }
    if builder.random.bool() { try append(.concatenate(axis: axis), parts) }
  }

  private mutating func reshape(_ x: String) throws {
    let (shape, own) = (value(x).shape, lengths(x))
    var target = shape
    if shape.count > 2, builder.random.bool() {
      target.removeLast(2)
      target.append(.fixed(own.suffix(2).reduce(1, *)))
    } else if shape.count < 5, let last = own.last, shape.count > 1 {
      let factor = pick((1...last).filter { last % $0 == 0 })
      target.removeLast()
      target += [.fixed(last / factor), .fixed(factor)]
    }
    try append(.reshape(target), [x])
    // The nearest pixels of a map twice as wide.
    if shape.count == 4, 2 * own.reduce(1, *) <= Self.mostElements, builder.random.bool() {
      let apart = try append(.reshape(shape + [1]), [x])
      let twice = try append(.expand(shape + [2]), [apart])
      try append(.reshape(Array(shape.dropLast()) + [.fixed(2 * own[3])]), [twice])
    }
  }

  private mutating func attend(_ x: String) throws {
    let width = lengths(x)[2]
    if width % 3 == 0, builder.random.bool() { try append(.attention(heads: 1, scale: 0.3), [x]) }
    guard width % 2 == 0 else { return }
    let half = width / 2
    let (q, k) = (
      try append(.slice(axis: 2, start: 0, end: .fixed(half)), [x]),
      try append(.slice(axis: 2, start: .fixed(half), end: .fixed(width)), [x])
    )
    try append(.attention(heads: 1, scale: 0.3), [q, k, builder.random.bool() ? k : q])
  }

  private mutating func convolve(_ x: String) throws {
    let channels = lengths(x)[1]
    let groups = channels % 2 == 0 ? int(1...2) : 1
    let outputs = groups * int(1...3)
    let side = pick([1, 3])
    let weight = try builder.weight(
      "w\(builder.constants.count)", outputs: outputs, inputs: side * side * channels / groups, .init())
    try append(
      .convolution(
        .init(weight: weight, kernel: [side, side], padding: [side / 2, side / 2], groups: groups)), [x])
  }

  /// A linear layer, at times with a residual.
  private mutating func connect(_ x: String) throws {
    guard let inputs = lengths(x).last, value(x).shape.count > 1 else { return }
    let outputs = builder.random.bool() ? inputs : int(1...8)
    let weight = try builder.weight("w\(builder.constants.count)", outputs: outputs, inputs: inputs, .init())
    let residual = outputs == inputs && builder.random.bool() ? [x] : []
    try append(.linear(weight: weight, bias: nil, activation: nil), [x] + residual)
  }

  private mutating func chooseOutputs() {
    var outputs = [names[names.count - 1]]
    for _ in 0..<2 {
      let other = pick(Array(names.dropFirst(3)))
      if !outputs.contains(other) { outputs.append(other) }
    }
    builder.graph.outputs = outputs
  }
}
