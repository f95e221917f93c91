import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// Where the scores of a whole model come from.
public enum PruningScore {
  case magnitude
  /// The norms of each layer's inputs, by layer path, as ``SwiftletNN/Module/inputNorms(of:during:)`` measures them.
  case wanda(inputNorms: [String: Tensor])

  func score(at path: String) throws(PruningError) -> WeightScore {
    switch self {
    case .magnitude: return .magnitude
    case .wanda(let inputNorms):
      guard let norms = inputNorms[path] else { throw .noActivations(path: path) }
      return .wanda(inputNorms: norms)
    }
  }
}

/// Why a model cannot be pruned.
public enum PruningError: Error, Hashable, Sendable {
  case noActivations(path: String)
  case activationsNotFinite(path: String)
}

extension PruningError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noActivations(let path):
      "no calibration inputs have reached \(path): run calibration batches through every layer that the plan names"
    case .activationsNotFinite(let path):
      "weights or calibration inputs of \(path) are infinite or NaN: the network is damaged or has diverged"
    }
  }
}

extension CompressibleModel {
  /// Puts a ``SparseLinear`` with the plan's pattern in the place of every linear layer that the plan names; those that
  /// are sparse already take the new pattern, score and gradient. No weight changes until ``bake()``.
  ///
  /// The plan's number formats are for the exporter.
  /// - Throws: before anything is replaced, if the model lacks a layer, a width is no multiple of its groups, or a score is
  ///   infinite or not a number.
  public func prune(
    to plan: CompressionPlan, by score: PruningScore = .magnitude, gradient: SparseGradient = .masked
  ) throws {
    try plan.validate(for: slots)
    try plan.require(only: LayerChoice.prunable, by: "pruning")
    let decisions = try plan.paths.compactMap { path in
      try plan[path].map { (path: path, pattern: $0.sparsity, score: try score.score(at: path)) }
    }
    let modules = Dictionary(namedModules().map { ($0.path, $0.module) }, uniquingKeysWith: { first, _ in first })
    for (path, pattern, score) in decisions where !pattern.isDense {
      // Equal infinities would be ranked by their places.
      guard let weight = modules[path]?.linearWeight, score(weight).isFinite().all() else {
        throw PruningError.activationsNotFinite(path: path)
      }
    }
    for (path, pattern, score) in decisions {
      switch modules[path] {
      case let layer as SparseLinear:
        layer.unfreezeMask()
        (layer.pattern, layer.score, layer.gradient) = (pattern, score, gradient)
      case let layer as Linear:
        let sparse = SparseLinear(
          weight: layer.weight, bias: layer.bias, pattern: pattern, score: score, gradient: gradient)
        try replaceLayer(at: path, with: sparse)
      default:
        break  // `validate` has found a linear layer at every path.
      }
    }
  }

  /// Prunes block by block by Wanda, each block by the inputs that its dense layers get from the masked blocks before it:
  /// the published method. ``inputNorms(of:during:)`` of the dense network and ``prune(to:by:gradient:)`` are its variant
  /// with dense inputs.
  ///
  /// - Parameter body: runs the model over the calibration images; called once for each block.
  /// - Throws: before anything changes, if the plan does not fit the model; afterwards ``PruningError`` if `body` has not
  ///   run a layer or a score is not finite, or what `body` throws.
  ///
  /// Source: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models" (2024), section 3 and the
  /// published code.
  public func pruneBlockByBlock(
    to plan: CompressionPlan, gradient: SparseGradient = .masked, during body: () throws -> Void
  ) throws {
    try plan.validate(for: slots)
    try plan.require(only: LayerChoice.prunable, by: "pruning")
    var blocks: [(name: String, paths: [String])] = []
    for slot in slots where plan[slot.path] != nil {
      if blocks.last?.name == slot.block {
        blocks[blocks.count - 1].paths.append(slot.path)
      } else {
        blocks.append((slot.block, [slot.path]))
      }
    }
    for (_, paths) in blocks {
      let norms = try inputNorms(of: paths, during: body)
      let part = CompressionPlan(
        Dictionary(paths.compactMap { path in plan[path].map { (path, $0) } }, uniquingKeysWith: { first, _ in first }))
      try prune(to: part, by: .wanda(inputNorms: norms), gradient: gradient)
      // Once, and not anew for each batch.
      for (path, layer) in sparseLayers() where part[path] != nil { layer.freezeMask() }
    }
    for (path, layer) in sparseLayers() where plan[path] != nil { layer.unfreezeMask() }
  }

}

extension Module {
  /// The layers that ``prune(to:by:gradient:)`` has made sparse.
  public func sparseLayers() -> [(path: String, layer: SparseLinear)] {
    modules(ofType: SparseLinear.self).map { ($0.path, $0.module) }
  }

  /// Keeps all masks as they are now.
  public func freezeMasks() {
    for (_, layer) in sparseLayers() { layer.freezeMask() }
  }

  /// Sets the removed weights to zero and puts plain linear layers back, which hold the same parameters.
  public func bake() throws(ModuleError) {
    for (path, layer) in sparseLayers() { try replaceLayer(at: path, with: layer.baked()) }
  }
}

extension Module {
  /// The weight of a linear layer, sparse or not.
  var linearWeight: Tensor? { (self as? Linear)?.weight ?? (self as? SparseLinear)?.weight }
}

extension LayerChoice {
  /// What pruning carries out, and the number formats that it leaves to the exporter.
  static let prunable: Set<Axis> = [.pattern, .precision, .groupSize, .activationBits, .observer]
}

extension CompressionPlan {
  /// The same choice for every compressible layer of a model.
  public static func uniform(
    _ pattern: SparsityPattern, precision: Precision = .fp32, model: some CompressibleModel
  ) -> CompressionPlan {
    .uniform(pattern, precision: precision, layers: model.slots.map(\.path))
  }

  /// Checks that the model has every layer the plan names, and that the patterns divide their widths.
  public func validate(for model: some CompressibleModel) throws(CompressionPlanError) {
    try validate(for: model.slots)
  }
}
