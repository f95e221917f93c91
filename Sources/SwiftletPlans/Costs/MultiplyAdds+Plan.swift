import SwiftletRuntime

/// What a model spends on one input under a plan: work and packed bytes, in exact integers.
///
/// Layers that the plan does not name are dense, in fp32.
extension MultiplyAdds {
  /// Multiply-adds of one input.
  public func total(under plan: CompressionPlan) throws(CompressionPlanError) -> Int {
    try plan.validate(for: self)
    return total { path in plan[path].map { ($0.pattern.kept, $0.pattern.group) } }
  }

  /// Bytes of the packed weights of the compressible layers.
  public func packedBytes(under plan: CompressionPlan) throws(CompressionPlanError) -> Int {
    try plan.validate(for: self)
    return slots.reduce(0) { bytes, slot in
      bytes + (plan[slot.path] ?? LayerChoice(pattern: .dense)).packedBytes(weights: slot.weights)
    }
  }

  /// The weights of the compressible layers.
  public var weights: Int { slots.reduce(0) { $0 + $1.weights } }

  /// The same choice for every compressible layer.
  public func uniform(_ pattern: SparsityPattern, precision: Precision = .fp32) -> CompressionPlan {
    .uniform(pattern, precision: precision, layers: slots.map(\.path))
  }
}

extension MultiplyAdds.Slot {
  public var weights: Int { inputs * outputs }

  /// Multiply-adds of one input.
  ///
  /// - Precondition: `pattern.group` divides `inputs`.
  public func multiplyAdds(_ pattern: SparsityPattern) -> Int {
    precondition(inputs.isMultiple(of: pattern.group), "\(path) has \(inputs) inputs, no whole groups of \(pattern)")
    return dense / pattern.group * pattern.kept
  }
}

extension CompressionPlan {
  /// Checks that the model has every layer the plan names, and that the patterns divide their widths.
  public func validate(for model: MultiplyAdds) throws(CompressionPlanError) {
    try validate(for: model.slots.map { ($0.path, $0.inputs) })
  }
}
