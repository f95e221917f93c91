import SwiftletRuntime

/// Sums, products and averages. A scalar becomes a constant of shape `[1]`.
extension Lowering {
  static let arithmeticRules: [String: Rule] = [
    "aten::add": add, "aten::sub": subtract, "aten::rsub": subtractFrom, "aten::mul": multiply, "aten::div": divide,
    "aten::neg": negate,
    "aten::matmul": matmul, "aten::mm": matmul, "aten::bmm": matmul,
    "aten::mean": mean, "aten::softmax": softmax, "aten::_softmax": softmax,
  ]

  private static let add: Rule = { lowering, call in try lowering.sum(call, sign: 1) }
  private static let subtract: Rule = { lowering, call in try lowering.sum(call, sign: -1) }

  /// `b - alpha * a`.
  private static let subtractFrom: Rule = { lowering, call in
    let factor = try lowering.scalar(-call.number("alpha", default: 1), call)
    let a = try lowering.emit(.multiply, [lowering.name(of: call.input()), factor], at: call.place)
    let b =
      try call.optionalTensor("other").map { try lowering.name(of: $0) } ?? lowering.scalar(call.number("other"), call)
    try lowering.emit(.add, [a, b], as: call)
  }

  /// `a + sign * alpha * b`.
  private mutating func sum(_ call: Call, sign: Double) throws {
    let factor = try sign * call.number("alpha", default: 1)
    let a = try name(of: call.input())
    if call.optionalTensor("other") == nil {
      return try emit(.add, [a, scalar(factor * call.number("other"), call)], as: call)
    }
    var b = try name(of: call.tensor("other"))
    if factor != 1 { b = try emit(.multiply, [b, scalar(factor, call)], at: call.place) }
    try emit(.add, [a, b], as: call)
  }

  private static let multiply: Rule = { lowering, call in
    if try lowering.lowerNorm(call, call.input(), call.optionalTensor("other")) { return }
    let a = try lowering.name(of: call.input())
    let b =
      try call.optionalTensor("other").map { try lowering.name(of: $0) } ?? lowering.scalar(call.number("other"), call)
    try lowering.emit(.multiply, [a, b], as: call)
  }

  private static let divide: Rule = { lowering, call in
    guard try call.string("rounding_mode", default: "none") == "none" else {
      throw call.unsupported("the runtime has no division that rounds")
    }
    let a = try lowering.name(of: call.input())
    guard call.optionalTensor("other") != nil else {
      return try lowering.emit(.multiply, [a, lowering.scalar(1 / call.number("other"), call)], as: call)
    }
    let b = try call.constant("other")
    let inverse = lowering.network.addConstant(
      "\(call.place).inverse", shape: call.trace[b].value.shape, numbers: try lowering.numbers(of: b).map { 1 / $0 })
    try lowering.emit(.multiply, [a, inverse], as: call)
  }

  private static let negate: Rule = { lowering, call in
    try lowering.emit(.multiply, [lowering.name(of: call.input()), lowering.scalar(-1, call)], as: call)
  }

  private static let matmul: Rule = { lowering, call in
    let (a, b) = (try call.input(), try call.tensor(call.operation.arguments.names[1]))
    // A product with a fixed matrix is a linear layer.
    if call.trace[b].isConstant, call.shape(b).count == 2 {
      return try lowering.linear(call, input: a, weight: b, isTransposed: true, bias: nil)
    }
    try lowering.emit(.matmul(transposesSecond: false), [lowering.name(of: a), lowering.name(of: b)], as: call)
  }

  private static let mean: Rule = { lowering, call in
    let x = try call.input()
    let rank = call.shape(x).count
    guard call.operation.name == "aten::mean.dim" else { throw call.unsupported("it averages over the batch") }
    let axes = try call.axes("dim", of: rank)
    if axes == [2, 3], let sides = lowering.sides(of: x) {
      return try lowering.globalMean(of: x, sides, call)
    }
    try lowering.emit(
      .mean(axes: axes.isEmpty ? Array(0..<rank) : axes, keepsAxes: call.bool("keepdim", default: false)),
      [lowering.name(of: x)], as: call)
  }

  /// Over height and width of an image, which lies with its channels innermost behind a convolution.
  private mutating func globalMean(of x: Trace.TensorID, _ sides: [Int], _ call: Call) throws {
    let pool = Graph.Operation.pool(Graph.Pool(.average, kernel: sides))
    if try call.bool("keepdim", default: false) { return try emit(pool, [name(of: x)], as: call) }
    let pooled = try emit(pool, [name(of: x)], at: call.place)
    try emit(.reshape(call.shape(call.result())), [pooled], as: call)
  }

  private static let softmax: Rule = { lowering, call in
    let x = try call.input()
    let rank = call.shape(x).count
    guard try call.axis("dim", of: rank) == rank - 1 else {
      throw call.unsupported("the runtime's softmax goes over the last axis")
    }
    try lowering.emit(.softmax, [lowering.name(of: x)], as: call)
  }

  mutating func scalar(_ value: Double, _ call: Call) -> String {
    network.addConstant("\(call.place).scalar", shape: [1], numbers: [Float(value)])
  }
}
