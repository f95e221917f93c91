import SwiftletCompression
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime

/// Makes plans without a search, by a rule that looks at shapes or weights alone.
///
/// ```swift
/// var maker = PlanMaker(for: PlanNetwork(recipe))
/// maker.budget = try Budget(parsing: "flops=0.4")
/// let plan = try maker.plan(by: .erdosRenyi(.budget))
/// print(try PlanSummary(name: "erk", plan, of: maker.network.work).text())
/// ```
public struct PlanMaker {
  /// What decides.
  public enum Rule: Hashable, Sendable {
    /// The same pattern in every layer.
    case uniform(SparsityPattern)
    /// The densities of Erdős–Rényi kernels, snapped to the nearest levels.
    case erdosRenyi(Density)
    /// The densities of layer-adaptive magnitudes, snapped to the nearest levels.
    case magnitudes(Density)
  }

  /// The share of all weights that stay.
  public enum Density: Hashable, Sendable {
    /// 0...1.
    case share(Double)
    /// As many as the budget allows.
    case budget

    /// Reads a share such as `0.5`, or the word `budget`; nil for anything else.
    public init?(parsing text: String) {
      if text == "budget" {
        self = .budget
      } else {
        guard let share = Double(text), (0...1).contains(share) else { return nil }
        self = .share(share)
      }
    }
  }

  public let network: PlanNetwork
  /// What densities are snapped to.
  public var levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
  /// Of every layer.
  public var precision = Precision.fp32
  /// What a snapped plan may cost.
  public var budget: Budget?
  /// Whose costs the budget counts, where it counts time.
  public var accelerator: Accelerator?

  public init(for network: PlanNetwork) { self.network = network }

  /// - Throws: ``PlanMakerError`` where the rule looks at weights or a budget that are not there, `CompressionPlanError`
  ///   where a level does not fit a layer, `AcceleratorError`, or what an unmet budget throws.
  public func plan(by rule: Rule) throws -> CompressionPlan {
    let slots = network.work.slots
    let density: Density
    let densities: (Double) throws -> [Double]
    switch rule {
    case .uniform(let pattern):
      let plan = network.work.uniform(pattern, precision: precision)
      try plan.validate(for: network.work)
      return plan
    case .erdosRenyi(let named):
      density = named
      densities = { ErdosRenyiAllocation.densities(of: slots, keeping: $0) }
    case .magnitudes(let named):
      guard let layers = network.model?.linearLayers() else { throw PlanMakerError.noWeights }
      let weights = Dictionary(layers.map { ($0.path, $0.layer.weight) }, uniquingKeysWith: { first, _ in first })
      density = named
      densities = { MagnitudeAllocation.densities(of: slots.compactMap { weights[$0.path] }, keeping: $0) }
    }
    let space = SearchSpace(levels, precisions: [precision], over: slots.map(\.path))
    guard let budget else {
      guard case .share(let share) = density else { throw PlanMakerError.noBudget }
      return space.plan(nearest: try densities(share))
    }
    let costs = try budget.costs(of: space, in: network.work, on: accelerator)
    let window = try budget.window(in: costs)
    let share: Double
    switch density {
    case .share(let named): share = named
    case .budget:
      let dense = costs.levels.reduce(costs.fixed) { $0 + ($1.last ?? 0) }
      share = Double(window.upperBound - costs.fixed) / Double(max(1, dense - costs.fixed))
    }
    return try space.plan(
      nearest: densities(min(1, max(0, share))), weights: slots.map(\.weights), costs: costs, window: window)
  }
}

/// Why no plan is made.
public enum PlanMakerError: Error, Hashable, CustomStringConvertible {
  case noRecipe(String)
  case noWeights
  case noBudget

  public var description: String {
    switch self {
    case .noRecipe(let model): "\(model) carries no recipe that says what network it is: give --recipe or --checkpoint"
    case .noWeights: "magnitudes are those of weights: give a trained network"
    case .noBudget: "the density that a budget allows needs a budget"
    }
  }
}
