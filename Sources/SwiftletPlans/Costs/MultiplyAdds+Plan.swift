import SwiftletRuntime

/// What a model spends on one input under a plan: work and packed bytes, in exact integers.
///
/// Layers that the plan does not name are dense, in fp32.
extension MultiplyAdds {
  /// Multiply-adds of one input.
  public func total(under plan: CompressionPlan) throws(CompressionPlanError) -> Int {
    try plan.validate(for: slots)
    return try fixed + CostModel.multiplyAdds.total(of: slots, under: plan)
  }

  /// Bytes of the packed weights of the compressible layers.
  public func packedBytes(under plan: CompressionPlan) throws(CompressionPlanError) -> Int {
    try plan.validate(for: slots)
    return try CostModel.packedBytes.total(of: slots, under: plan)
  }

  /// The weights of the compressible layers.
  public var weights: Int { slots.reduce(0) { $0 + $1.weights } }

  /// The same choice for every compressible layer.
  public func uniform(_ pattern: SparsityPattern, precision: Precision = .fp32) -> CompressionPlan {
    .uniform(pattern, precision: precision, layers: slots.map(\.path))
  }
}

extension CompressionPlan {
  /// Checks that the model has every layer the plan names, and that the patterns divide their widths.
  public func validate(for model: MultiplyAdds) throws(CompressionPlanError) { try validate(for: model.slots) }
}
