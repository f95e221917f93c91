/// What a model spends on one input under any compression plan: work and packed bytes, exactly.
///
/// The dense parts are constants, and each compressible layer pays `N/M` of its dense work.
/// Source: ELSA's accounting for vision transformers.
public struct ModelCost: Hashable, Sendable {
  /// A compressible linear layer: `rows` tokens times a weight `[outputs, inputs]`.
  public struct Layer: Hashable, Sendable {
    public let path: String
    public let rows, inputs, outputs: Int

    public init(path: String, rows: Int, inputs: Int, outputs: Int) {
      (self.path, self.rows, self.inputs, self.outputs) = (path, rows, inputs, outputs)
    }

    public var weights: Int { inputs * outputs }

    /// - Precondition: `pattern.group` divides `inputs`.
    public func multiplyAdds(_ pattern: SparsityPattern) -> Int {
      precondition(
        inputs.isMultiple(of: pattern.group), "\(path) has \(inputs) inputs, no whole groups of the pattern \(pattern)")
      return rows * outputs * (inputs / pattern.group * pattern.kept)
    }
  }

  /// The work no plan changes; `linears` is zero.
  public let fixed: MultiplyAdds
  public let layers: [Layer]

  public init(fixed: MultiplyAdds, layers: [Layer]) {
    (self.fixed, self.layers) = (fixed, layers)
  }

  public var weights: Int { layers.reduce(0) { $0 + $1.weights } }

  /// The work under a plan. Layers that the plan does not name are dense.
  public func multiplyAdds(under plan: CompressionPlan = CompressionPlan()) throws(CompressionPlanError) -> MultiplyAdds
  {
    try plan.validate(for: self)
    var work = fixed
    for layer in layers { work.linears += layer.multiplyAdds(plan[layer.path]?.pattern ?? .dense) }
    return work
  }

  /// Bytes of the compressible layers' packed weights under a plan. Layers that the plan does not name are dense fp32.
  public func packedBytes(under plan: CompressionPlan = CompressionPlan()) throws(CompressionPlanError) -> Int {
    try plan.validate(for: self)
    return layers.reduce(0) { bytes, layer in
      bytes + (plan[layer.path] ?? LayerChoice(pattern: .dense)).packedBytes(weights: layer.weights)
    }
  }

  /// The same choice for every compressible layer.
  public func uniform(_ pattern: SparsityPattern, precision: Precision = .fp32) -> CompressionPlan {
    .uniform(pattern, precision: precision, layers: layers.map(\.path))
  }
}

extension CompressionPlan {
  /// Checks that the model has every layer the plan names, and that the patterns divide their widths.
  public func validate(for cost: ModelCost) throws(CompressionPlanError) {
    try validate(for: cost.layers.map { ($0.path, $0.inputs) })
  }
}
