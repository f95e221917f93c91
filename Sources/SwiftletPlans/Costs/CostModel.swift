import SwiftletRuntime

/// What a layer costs under a choice, in whole numbers: one rule for each quantity that a budget limits.
///
/// A rule says which axes it accounts for, so that a new one is an error and no free gift.
public struct CostModel: Sendable {
  public let unit: PlanCosts.Unit
  private let axes: Set<LayerChoice.Axis>
  /// Nil for a combination that there is no formula for.
  private let rule: @Sendable (Slot, LayerChoice) -> Int?

  init(_ unit: PlanCosts.Unit, axes: Set<LayerChoice.Axis>, rule: @escaping @Sendable (Slot, LayerChoice) -> Int?) {
    (self.unit, self.axes, self.rule) = (unit, axes, rule)
  }

  /// - Throws: `CompressionPlanError.uncounted` for a combination that the rule does not know.
  public func callAsFunction(_ slot: Slot, _ choice: LayerChoice) throws(CompressionPlanError) -> Int {
    guard axes.isSuperset(of: choice.decided), let cost = rule(slot, choice) else {
      throw .uncounted(path: slot.path, choice: choice, unit: unit)
    }
    return cost
  }

  /// What the layers cost together; those that the plan does not name as they are.
  ///
  /// - Throws: `CompressionPlanError.uncounted` for a combination that the rule does not know.
  public func total(of slots: [Slot], under plan: CompressionPlan) throws(CompressionPlanError) -> Int {
    var total = 0
    for slot in slots { total += try self(slot, plan[slot.path] ?? LayerChoice()) }
    return total
  }

  /// What the rules below were written for; most of it changes one of them and not the others.
  private static let known: Set<LayerChoice.Axis> = [
    .pattern, .precision, .groupSize, .activationBits, .observer, .rank, .headGroup, .layerGroup, .latentGroup,
    .keyBits, .valueBits,
  ]

  /// Multiply-adds of one sample. Fewer bits multiply as often.
  public static let multiplyAdds = CostModel(.multiplyAdds, axes: known) { slot, choice in
    if choice.rank != nil {
      guard choice.sparsity.isDense, let latent = Latent(slot, choice) else { return nil }
      return slot.positions * latent.weights
    }
    guard slot.inputs.isMultiple(of: choice.sparsity.group) else { return nil }
    return slot.dense / choice.sparsity.group * choice.sparsity.kept
  }

  /// Bytes of the packed weights: values, and places in N:M groups (``SparsityPattern/packedBytes(weights:valueBits:)``), and
  /// where there are groups of a row an fp16 scale for each. Scales of whole rows, biases and alignment are not counted.
  public static let packedBytes = CostModel(.bytes, axes: known) { slot, choice in
    if choice.rank != nil {
      guard choice.sparsity.isDense, choice.groupSize == nil, let latent = Latent(slot, choice) else { return nil }
      return (latent.weights * choice.format.bits + 7) / 8
    }
    guard slot.inputs.isMultiple(of: choice.sparsity.group) else { return nil }
    var scales = 0
    if let size = choice.groupSize {
      guard slot.inputs.isMultiple(of: size) else { return nil }
      scales = 2 * (slot.weights / size)
    }
    return choice.sparsity.packedBytes(weights: slot.weights, valueBits: choice.format.bits) + scales
  }

  /// Bytes that a cache keeps of each token: keys and values, or the latents in their place, in 16 bits unless fewer are
  /// chosen; then each group of channels has an fp16 scale and an fp16 offset besides. Whole bytes a layer; layers that share a
  /// latent have equal parts of it.
  ///
  /// Source: the storage of Palu (Chang et al., "Palu: Compressing KV-Cache with Low-Rank Projection", 2024), whose own rates
  /// leave the scales out.
  public static let cacheBytes = CostModel(.cacheBytes, axes: known) { slot, choice in
    guard slot.kind.isCached else { return 0 }
    return Remembered(slot, choice).map { (($0.bits + 7) / 8 + $0.gridBytes).divided(among: $0.layers) }
  }

  /// Those of them that are scales and offsets.
  public static let cacheMetadataBytes = CostModel(.cacheBytes, axes: known) { slot, choice in
    slot.kind.isCached ? Remembered(slot, choice).map { $0.gridBytes.divided(among: $0.layers) } : 0
  }
}

extension Int {
  /// A part of several, rounded up.
  fileprivate func divided(among parts: Int) -> Int { (self + parts - 1) / parts }
}

/// What a cache keeps of each token: the numbers, and an fp16 scale and an fp16 offset for each grid.
private struct Remembered {
  let bits, gridBytes: Int
  /// That share it.
  let layers: Int

  /// Nil for what no latent is.
  init?(_ slot: Slot, _ choice: LayerChoice) {
    let width = (slot.kind == .keys ? choice.keyBits : choice.valueBits) ?? 16
    guard let latent = Latent(slot, choice), latent.rank.isMultiple(of: choice.latentGroup ?? 1) else { return nil }
    layers = choice.layerGroup ?? 1
    bits = latent.groups * latent.rank * width
    gridBytes = width < 16 ? 4 * latent.groups * (choice.latentGroup.map { latent.rank / $0 } ?? 1) : 0
  }
}

/// Groups of heads, and how many numbers stand for one group's outputs: the rank, or all of them.
private struct Latent {
  let groups, rank: Int
  /// Of both factors: `[rank, inputs]` and `[outputs of a group, rank]` for each group.
  let weights: Int

  /// Nil where the heads do not divide into such groups, or the rank is more than a matrix of this shape has.
  init?(_ slot: Slot, _ choice: LayerChoice) {
    let heads = choice.headGroup ?? slot.heads
    let layers = choice.layerGroup ?? 1
    // Layers share a latent, and no outputs.
    guard slot.heads.isMultiple(of: heads), layers == 1 || choice.rank != nil else { return nil }
    groups = slot.heads / heads
    rank = choice.rank ?? slot.outputs / groups
    guard rank <= min(layers * slot.outputs / groups, choice.rank == nil ? .max : slot.inputs) else { return nil }
    weights = rank * ((groups * slot.inputs).divided(among: layers) + slot.outputs)
  }
}
