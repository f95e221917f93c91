import SwiftletRuntime

extension Lowering {
  static let activationRules: [String: Rule] = [
    "aten::relu": { try $0.emit(.activation(.relu), [$0.name(of: $1.input())], as: $1) },
    "aten::silu": { try $0.emit(.activation(.silu), [$0.name(of: $1.input())], as: $1) },
    "aten::sigmoid": { try $0.emit(.activation(.sigmoid), [$0.name(of: $1.input())], as: $1) },
    "aten::gelu": { lowering, call in
      guard try call.string("approximate", default: "none") == "none" else {
        throw call.unsupported("the runtime computes gelu through the error function, not its tanh approximation")
      }
      try lowering.emit(.activation(.gelu), [lowering.name(of: call.input())], as: call)
    },
  ]
}
