import SwiftletRuntime

extension Lowering {
  static let normalizationRules: [String: Rule] = [
    "aten::layer_norm": layerNorm, "aten::native_layer_norm": layerNorm,
    "aten::batch_norm": batchNorm, "aten::_native_batch_norm_legit_no_training": batchNorm,
  ]

  private static let layerNorm: Rule = { lowering, call in
    let x = try call.input()
    let shape = try call.integers("normalized_shape")
    guard shape.count == 1, call.shape(x).last == .fixed(shape[0]) else {
      throw call.unsupported("the runtime normalises over the last axis only, found \(shape)")
    }
    let weight = try call.optionalConstant("weight").map { try lowering.name(of: $0) }
    let bias = try call.optionalConstant("bias").map { try lowering.name(of: $0) }
    let name = try lowering.emit(
      .layerNorm(weight: weight, bias: bias, epsilon: call.number("eps", default: 1e-5)), [lowering.name(of: x)],
      at: call.place)
    guard let first = call.operation.results.first else { throw call.unsupported("it has no result") }
    lowering.bind(first, to: name)
  }

  /// In evaluation batch norm is `x * factor + offset` for each channel. `FoldBatchNorm` has taken those behind a linear
  /// layer or a convolution already.
  private static let batchNorm: Rule = { lowering, call in
    let x = try call.input()
    let affine = try ChannelAffine(batchNorm: call)
    let shape = [affine.factors.count] + Array(repeating: 1, count: max(0, call.shape(x).count - 2))
    let factors = lowering.network.addConstant(
      "\(call.place).factor", shape: shape, numbers: affine.factors.map { Float($0) })
    let offsets = lowering.network.addConstant(
      "\(call.place).offset", shape: shape, numbers: affine.offsets.map { Float($0) })
    let scaled = try lowering.emit(.multiply, [lowering.name(of: x), factors], at: call.place)
    guard let first = call.operation.results.first else { throw call.unsupported("it has no result") }
    lowering.bind(first, to: try lowering.emit(.add, [scaled, offsets], at: call.place))
  }
}

/// `y = factors[c] * x + offsets[c]`: what batch norm with frozen statistics does to channel `c`.
struct ChannelAffine {
  var factors: [Double]
  var offsets: [Double]

  /// Of a call to `aten::batch_norm` or to its functional form for evaluation.
  init(batchNorm call: Call) throws {
    guard try call.bool("training", default: false) == false else {
      throw call.unsupported("batch norm is training; put the model in evaluation mode")
    }
    let mean = try Self.numbers(call.constant("running_mean"), call)
    let variance = try Self.numbers(call.constant("running_var"), call)
    let epsilon = try call.number("eps", default: 1e-5)
    let weight = try call.optionalConstant("weight").map { Self.numbers($0, call) }
    let bias = try call.optionalConstant("bias").map { Self.numbers($0, call) }
    factors = variance.indices.map { (weight?[$0] ?? 1) / (variance[$0] + epsilon).squareRoot() }
    let scales = factors
    offsets = variance.indices.map { (bias?[$0] ?? 0) - mean[$0] * scales[$0] }
  }

  private static func numbers(_ id: Trace.TensorID, _ call: Call) -> [Double] {
    call.trace[id].value.cast(to: .float64).scalars(as: Double.self)
  }
}
