import Foundation
import SwiftletFiles
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTraining

/// A search for a plan: a recipe's search section, a budget, and a trained network whose weights every plan inherits.
///
/// ```swift
/// let run = try SearchRun(recipe, budget: Budget(parsing: "flops=0.4"), of: model.configuration.multiplyAdds)
/// let outcome = try run.start(on: model, data: data, plan: URL(filePath: "plan.json"))
/// ```
/// Each plan is packed and run as it would be deployed, on held-out images; test images are never opened. Every
/// evaluation is kept in `evaluations.jsonl` beside the plan, so that a search that was interrupted goes on, and one
/// that is repeated ends at once, with the same result bit for bit.
public final class SearchRun {
  public let problem: SearchProblem<Evaluation>
  public let recipe: Recipe
  public let budget: Budget
  private let accelerator: Accelerator?

  private var settings: Recipe.Search { recipe.search ?? Recipe.Search() }

  /// - Parameter network: the work of the network, by layer.
  /// - Throws: at once if no plan meets the budget, `RecipeError` or `AcceleratorError` where levels do not fit.
  public init(_ recipe: Recipe, budget: Budget, of network: MultiplyAdds, accelerator: Accelerator? = nil) throws {
    let settings = recipe.search ?? Recipe.Search()
    (self.recipe, self.budget, self.accelerator) = (recipe, budget, accelerator)
    let levels =
      settings.levels ?? accelerator?.levels ?? recipe.supernet?.levels
      ?? [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    let precisions = settings.precisions ?? accelerator.map { Array($0.precisions.prefix(1)) } ?? [.fp32]
    try accelerator?.check(levels, precisions)
    try accelerator?.check(network: "\(recipe.model)")
    let dense = settings.dense ?? recipe.supernet?.dense ?? []
    let paths = network.slots.map(\.path)
    if let stranger = dense.first(where: { !paths.contains($0) }) {
      throw CompressionPlanError.unknownLayer(path: stranger, known: paths)
    }
    let space = SearchSpace(levels, precisions: precisions, over: paths.filter { !dense.contains($0) })
    let costs = try budget.costs(of: space, in: network, on: accelerator)
    problem = try SearchProblem(space, costs: costs, budget: budget, measure: settings.measure)
  }

  /// Searches to the end, or to the next SIGINT, SIGTERM or SIGHUP.
  ///
  /// - Parameters:
  ///   - model: maps `[batch] + inputShape` to class scores.
  ///   - plan: the plan file to write; the trace is written beside it.
  /// - Throws: `SearchRunError.interrupted`, or what a file, the data or the export does not allow.
  public func start(
    on model: some Layer, inputShape: [Int], data: TrainingData, plan file: URL, threads: Int = 1,
    observer: @escaping (SearchEvent<Evaluation>) throws -> Void = { _ in }
  ) throws -> SearchOutcome {
    let clock = ContinuousClock()
    let start = clock.now
    let evaluator = try ImageEvaluator(
      model, inputShape: inputShape, space: problem.space, recipe: recipe, data: data, threads: threads)
    let search = PlanSearch<ImageEvaluator>(
      problem, method: settings.method, seed: settings.seed, model: "\(recipe.model)", budget: budget,
      accelerator: accelerator?.name)
    let found = try search.run(by: evaluator, beside: file, observer: observer)
    guard !found.best.fitness.loss.isNaN else { throw SearchRunError.scoresNotFinite }
    try problem.space.plan(found.best.levels).write(to: file)
    return SearchOutcome(
      found, plan: file, problem: problem, budget: budget, seconds: (clock.now - start).milliseconds / 1000)
  }
}

extension SearchRun {
  /// What a search that writes `plan` writes beside it, to be checked before it begins.
  public static func sideOutputs(of plan: URL) -> [PlannedOutput] { PlanSearch<ImageEvaluator>.sideOutputs(of: plan) }
}
