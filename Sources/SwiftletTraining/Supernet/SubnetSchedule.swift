import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletFiles
import SwiftletModels
import SwiftletPlans

/// Which subnet each step of a run trains, and how the subnets do after each epoch.
///
/// The subnet of a step depends on the recipe, the seed and the step alone, with the adaptive sampler on its evaluations
/// too, which the run's checkpoint holds.
final class SubnetSchedule {
  let supernet: SwiftletCompression.Supernet
  private var policy: Policy
  private let stepsPerEpoch, epochs: Int
  private let steps, evaluations: RandomStream

  private enum Policy {
    case uniform(UniformSampler)
    case stratified(StratifiedSampler)
    case window(WindowSampler, chance: Ramp, otherwise: StratifiedSampler)
    case adaptive(AdaptiveSampler, exponent: Ramp, everyEpochs: Int, plans: Int)
  }

  /// - Throws: `BudgetError` if the window holds no plan, `CompressionPlanError` if the space does not fit the model.
  init(_ supernet: SwiftletCompression.Supernet, sampler: Recipe.Sampler, recipe: Recipe, stepsPerEpoch: Int) throws {
    (self.supernet, self.stepsPerEpoch, epochs) = (supernet, max(1, stepsPerEpoch), recipe.training.epochs)
    // The loader has the first three streams of the seed.
    steps = RandomStream(seed: UInt64(recipe.training.seed)).child(3)
    evaluations = RandomStream(seed: UInt64(recipe.training.seed)).child(4)
    let space = supernet.space
    switch sampler {
    case .uniform:
      policy = .uniform(UniformSampler(space))
    case .stratified:
      policy = .stratified(try StratifiedSampler(space))
    case .window(let window):
      let chance = Ramp(
        from: window.firstChance, to: window.lastChance, flatEpochs: window.flatEpochs, epochs: epochs)
      policy = .window(
        try WindowSampler(
          space, model: recipe.model.configuration.multiplyAdds, shares: window.minimum...window.maximum),
        chance: chance, otherwise: try StratifiedSampler(space))
    case .adaptive(let adaptive):
      policy = .adaptive(
        AdaptiveSampler(space, minimumVisits: adaptive.minimumVisits),
        exponent: Ramp(from: -1, to: 1, flatEpochs: adaptive.flatEpochs, epochs: epochs),
        everyEpochs: adaptive.everyEpochs ?? max(1, epochs / 15), plans: adaptive.plans)
    }
  }

  /// The level of each slot in a step.
  func levels(step: Int) -> [Int] {
    var random = steps.child(step)
    return levels(at: Double(step) / Double(stepsPerEpoch), using: &random)
  }

  /// Makes the supernet the subnet of a step, with the masks of the present weights.
  func select(step: Int) { supernet.select(levels(step: step)) }

  private func levels(at epoch: Double, using random: inout RandomStream) -> [Int] {
    switch policy {
    case .uniform(let sampler): return sampler.levels(using: &random)
    case .stratified(let sampler): return sampler.levels(using: &random)
    case .window(let sampler, let chance, let otherwise):
      return random.chance(chance.value(at: epoch))
        ? sampler.levels(using: &random) : otherwise.levels(using: &random)
    case .adaptive(var sampler, let exponent, _, _):
      sampler.exponent = exponent.value(at: epoch)
      return sampler.levels(using: &random)
    }
  }

  /// The dense network, and each level in all layers at once.
  var anchors: [(name: String, plan: CompressionPlan)] {
    let paths = supernet.space.slots.map(\.path)
    let patterns = Set(supernet.space.slots.flatMap { $0.levels.map(\.sparsity) }).filter { !$0.isDense }
      .sorted { ($0.density, $0.group) > ($1.density, $1.group) }
    return [("dense", CompressionPlan())] + patterns.map { ("\($0)", .uniform($0, layers: paths)) }
  }

  /// Evaluates the anchors, and for the adaptive sampler, when it is time, the plans that it learns from.
  ///
  /// - Parameter epoch: epochs completed.
  func endEpoch(_ epoch: Int, evaluate: () throws -> Evaluation) throws -> [(name: String, evaluation: Evaluation)] {
    var results: [(name: String, evaluation: Evaluation)] = []
    for (name, plan) in anchors {
      try supernet.select(plan)
      results.append((name, try evaluate()))
    }
    if case .adaptive(var sampler, let exponent, let everyEpochs, let plans) = policy, epoch < epochs,
      epoch.isMultiple(of: everyEpochs)
    {
      var random = evaluations.child(epoch)
      sampler.learn(
        from: try (0..<plans).map { _ in
          let levels = levels(at: Double(epoch), using: &random)
          supernet.select(levels)
          return (levels, try evaluate().accuracy)
        })
      policy = .adaptive(sampler, exponent: exponent, everyEpochs: everyEpochs, plans: plans)
    }
    return results
  }

  // MARK: - Checkpoints

  /// What the sampler has learned, as text; nil if it learns nothing.
  var state: String? {
    get throws {
      guard case .adaptive(let sampler, _, _, _) = policy else { return nil }
      return String(decoding: try StrictJSON.encode(sampler), as: UTF8.self)
    }
  }

  /// - Throws: `RunError.damaged` if `state` is that of another sampler.
  func restore(_ state: String?, from file: URL) throws {
    guard case .adaptive(let sampler, let exponent, let everyEpochs, let plans) = policy else { return }
    guard let state, let stored = try? StrictJSON.decode(AdaptiveSampler.self, from: state.utf8),
      stored.hasSpace(of: sampler)
    else { throw RunError.damaged(file, problem: "it lacks what the adaptive sampler of this recipe has learned") }
    policy = .adaptive(stored, exponent: exponent, everyEpochs: everyEpochs, plans: plans)
  }
}

extension WindowSampler {
  /// Plans whose whole model costs between these shares of the dense one's multiply-adds, as published.
  init(_ space: SearchSpace, model: MultiplyAdds, shares: ClosedRange<Double>) throws {
    let costs = try PlanCosts.multiplyAdds(of: space, in: model)
    let rest = costs.fixed
    let lowest = Int((shares.lowerBound * Double(costs.dense)).rounded(.up))
    let budget = lowest...max(lowest, Int((shares.upperBound * Double(costs.dense)).rounded(.down)))
    do throws(BudgetError) {
      try self.init(costs: costs.levels, budget: (budget.lowerBound - rest)...(budget.upperBound - rest))
    } catch .unsatisfiable(_, let reachable) {
      throw BudgetError.unsatisfiable(
        budget: budget, reachable: (reachable.lowerBound + rest)...(reachable.upperBound + rest))
    }
  }
}
