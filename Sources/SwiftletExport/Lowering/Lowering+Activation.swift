import SwiftletRuntime

extension Lowering {
  static let activationRules: [String: Rule] = [
    "aten::relu": plain(.relu), "aten::silu": plain(.silu), "aten::sigmoid": plain(.sigmoid),
    "aten::tanh": plain(.tanh), "aten::hardswish": plain(.hardSwish), "aten::hardsigmoid": plain(.hardSigmoid),
    "aten::leaky_relu": { lowering, call in
      let slope = Float(try call.number("negative_slope", default: 0.01))
      guard slope.isFinite else { throw call.unsupported("its slope is \(slope)") }
      try lowering.emit(.activation(.leakyRelu(slope: slope)), [lowering.name(of: call.input())], as: call)
    },
    "aten::gelu": { lowering, call in
      let isExact = try call.string("approximate", default: "none") == "none"
      try lowering.emit(.activation(isExact ? .gelu : .geluTanh), [lowering.name(of: call.input())], as: call)
    },
  ]

  private static func plain(_ activation: Graph.Activation) -> Rule {
    { lowering, call in try lowering.emit(.activation(activation), [lowering.name(of: call.input())], as: call) }
  }
}
