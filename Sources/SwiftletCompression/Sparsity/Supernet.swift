import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// One set of weights that serves every plan of a search space.
///
/// The searched layers become ``SparseLinear``; choosing a subnet chooses their patterns and masks and changes no weight.
/// Where all patterns are dense the network is the plain one, bit for bit.
/// ```swift
/// let supernet = try Supernet(model, space: space)
/// supernet.select(sampler.levels(using: &random))  // then a training step of `model`
/// try supernet.select(plan)                        // then an evaluation of `model`
/// ```
/// Source: Huang et al., "ELSA: Exploiting Layer-wise N:M Sparsity for Vision Transformer Acceleration" (2024): the
/// supernet, with layers by name in place of by position.
public final class Supernet {
  /// The network whose layers were replaced.
  public let model: any Layer & CompressibleModel
  public let space: SearchSpace
  /// The present subnet; layers that it does not name are dense.
  public private(set) var plan: CompressionPlan
  private let layers: [String: SparseLinear]

  /// Makes the layers of `space` in `model` searchable; the first subnet takes the densest levels.
  ///
  /// - Throws: ``CompressionPlanError`` before anything is replaced, if the model lacks a layer of the space or a level's
  ///   groups do not divide its inputs.
  public init(_ model: any Layer & CompressibleModel, space: SearchSpace, gradient: SparseGradient = .masked) throws {
    let slots = model.slots
    for slot in space.slots {
      for level in slot.levels { try CompressionPlan.uniform(level, layers: slot.paths).validate(for: slots) }
    }
    let densest = space.plan(space.slots.map { $0.levels.count - 1 })
    try model.prune(to: densest, gradient: gradient)
    (self.model, self.space, plan) = (model, space, densest)
    let names = Set(space.slots.flatMap(\.paths))
    layers = Dictionary(
      model.sparseLayers().filter { names.contains($0.path) }.map { ($0.path, $0.layer) },
      uniquingKeysWith: { first, _ in first })
    select(space.slots.map { $0.levels.count - 1 })
  }

  /// Takes level `levels[i]` of slot `i`, with masks of the weights as they are now; no weight changes.
  ///
  /// The masks stay until the next choice: choose anew after the weights have moved.
  public func select(_ levels: [Int]) {
    precondition(levels.count == space.slots.count, "\(levels.count) levels for \(space.slots.count) slots")
    for (slot, level) in zip(space.slots, levels) {
      for path in slot.paths { layers[path]?.select(slot.levels[level].sparsity) }
    }
    plan = space.plan(levels)
  }

  /// Takes the patterns of `plan`, which need not be levels of the space; searched layers that it does not name are dense.
  ///
  /// - Throws: ``CompressionPlanError`` before anything changes, if a layer is not searched or a width no multiple of its
  ///   groups.
  public func select(_ plan: CompressionPlan) throws(CompressionPlanError) {
    try plan.validate(for: model.slots.filter { layers[$0.path] != nil })
    for (path, layer) in layers { layer.select(plan[path]?.sparsity ?? .dense) }
    self.plan = plan
  }
}

extension SparseLinear {
  /// Another pattern, with the mask that the weights ask for now.
  fileprivate func select(_ pattern: SparsityPattern) {
    unfreezeMask()
    self.pattern = pattern
    if !pattern.isDense { freezeMask() }
  }
}
