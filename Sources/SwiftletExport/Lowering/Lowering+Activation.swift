import SwiftletRuntime

extension Lowering {
  static let activationRules: [String: Rule] = [
    "aten::relu": { try $0.emit(.activation(.relu), [$0.name(of: $1.input())], as: $1) },
    "aten::silu": { try $0.emit(.activation(.silu), [$0.name(of: $1.input())], as: $1) },
    "aten::sigmoid": { try $0.emit(.activation(.sigmoid), [$0.name(of: $1.input())], as: $1) },
    "aten::gelu": { lowering, call in
      let isExact = try call.string("approximate", default: "none") == "none"
      try lowering.emit(.activation(isExact ? .gelu : .geluTanh), [lowering.name(of: call.input())], as: call)
    },
  ]
}
