import SwiftletRuntime

/// One rewriting of a network that leaves its outputs as they are, up to rounding.
struct Pass: Sendable {
  let name: String
  let apply: @Sendable (inout Network) throws -> Void

  /// All passes, in the order in which one prepares the next.
  static let all: [Pass] = [
    .simplifyMovement, .fuseRelativeAttention, .fuseAttention, .recogniseQuickGelu, .fuseActivation, .fuseGate,
    .fuseNormWeight, .foldScale, .fuseResidual, .removeUnused,
  ]
}

extension Network {
  mutating func apply(_ passes: [Pass] = Pass.all) throws {
    for pass in passes { try pass.apply(&self) }
    try graph.validate()
  }
}
