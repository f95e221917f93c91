import SwiftletRuntime

/// What language models are made of, beside linear layers and attention.
extension Lowering {
  static let languageRules: [String: Rule] = [
    "aten::rms_norm": rmsNorm, "aten::pow": power, "aten::rsqrt": inverseRoot, "aten::glu": gatedHalves,
    "aten::embedding": embedding, "aten::argmax": argmax, "aten::topk": topK,
  ]

  /// `1 / sqrt(mean(x²) + epsilon)` over the last axis: half of a norm that is written out.
  struct InverseRoot {
    var x: String
    var epsilon: Double
  }

  private static let rmsNorm: Rule = { lowering, call in
    let x = try call.input()
    let shape = try call.integers("normalized_shape")
    guard shape.count == 1, call.shape(x).last == .fixed(shape[0]) else {
      throw call.unsupported("the runtime normalises over the last axis only, found \(shape)")
    }
    let weight = try call.optionalConstant("weight").map { try lowering.name(of: $0) }
    // PyTorch's default is the least difference of f32.
    let epsilon = try call.number("eps", default: Double(Float.ulpOfOne))
    try lowering.emit(.rmsNorm(weight: weight, epsilon: epsilon), [lowering.name(of: x)], as: call)
  }

  private static let power: Rule = { lowering, call in
    guard call.optionalTensor("exponent") == nil, try call.number("exponent") == 2 else {
      throw call.unsupported("the runtime has squares, and no other power")
    }
    let x = try lowering.name(of: call.input())
    try lowering.emit(.multiply, [x, x], as: call)
  }

  /// Nothing by itself: the product with x becomes a norm.
  private static let inverseRoot: Rule = { lowering, call in
    let network = lowering.network
    guard let sum = network.producer(of: try lowering.name(of: call.input())), sum.operation == .add,
      let constant = sum.inputs.first(where: { network.graph.constant(named: $0) != nil }),
      let epsilon = network.numbers[constant], epsilon.count == 1,
      let mean = sum.inputs.first(where: { $0 != constant }).flatMap({ network.producer(of: $0) }),
      let averaged = mean.operation.as(Graph.Mean.self), averaged.keepsAxes,
      let square = network.producer(of: mean.inputs[0]), square.operation == .multiply,
      square.inputs[0] == square.inputs[1], let rank = network.shape(of: square.output)?.count,
      averaged.axes == [rank - 1]
    else { throw call.unsupported("the runtime has 1 / sqrt(mean(x²) + epsilon) over the last axis alone") }
    lowering.inverseRoots[try call.result()] = InverseRoot(x: square.inputs[0], epsilon: Double(epsilon[0]))
  }

  /// Whether a product is x times its own inverse root, which it then becomes.
  mutating func lowerNorm(_ call: Call, _ a: Trace.TensorID, _ b: Trace.TensorID?) throws -> Bool {
    guard let b else { return false }
    for (x, root) in [(a, b), (b, a)] {
      guard let root = inverseRoots[root], try name(of: x) == root.x else { continue }
      try emit(.rmsNorm(weight: nil, epsilon: root.epsilon), [root.x], as: call)
      return true
    }
    return false
  }

  /// `a * sigmoid(b)` of the halves of an axis.
  private static let gatedHalves: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count, default: -1)
    guard let length = call.shape(x)[axis].fixedLength else { throw call.unsupported("its axis is dynamic") }
    let name = try lowering.name(of: x)
    let a = try lowering.emit(.slice(axis: axis, start: 0, end: .fixed(length / 2)), [name], at: call.place)
    let b = try lowering.emit(
      .slice(axis: axis, start: .fixed(length / 2), end: .fixed(length)), [name], at: call.place)
    try lowering.emit(.gate(.sigmoid), [b, a], as: call)
  }

  private static let embedding: Rule = { lowering, call in
    let table = try lowering.name(of: call.constant("weight"))
    try lowering.emit(.embedding(table: table), [lowering.name(of: call.tensor("indices"))], as: call)
  }

  private static let argmax: Rule = { lowering, call in
    let x = try call.input()
    let rank = call.shape(x).count
    guard try call.axis("dim", of: rank) == rank - 1 else {
      throw call.unsupported("the runtime looks for the greatest of the last axis")
    }
    let name = try lowering.name(of: x)
    let index = try lowering.emit(.topK(1, .indices), [name], at: call.place, type: .int64)
    if try call.bool("keepdim", default: false) { return lowering.bind(try call.result(), to: index) }
    lowering.bind(
      try call.result(), to: try lowering.emit(.select(axis: rank - 1, index: 0), [index], at: call.place))
  }

  private static let topK: Rule = { lowering, call in
    let x = try call.input()
    let rank = call.shape(x).count
    guard try call.axis("dim", of: rank, default: -1) == rank - 1, try call.bool("largest", default: true) else {
      throw call.unsupported("the runtime looks for the greatest of the last axis")
    }
    guard call.operation.results.count == 2 else { throw call.unsupported("expected values and indices") }
    let (name, count) = (try lowering.name(of: x), try call.integer("k"))
    lowering.bind(call.operation.results[0], to: try lowering.emit(.topK(count, .values), [name], at: call.place))
    lowering.bind(
      call.operation.results[1],
      to: try lowering.emit(.topK(count, .indices), [name], at: call.place, type: .int64))
  }
}
