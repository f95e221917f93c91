import Foundation
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining

/// A search with a trained network's own recipe.
///
/// ```swift
/// let source = try TrainedModel(reading: URL(filePath: "run/model.safetensors"))
/// let search = try SearchRun(for: source, budget: Budget(parsing: "flops=0.4"))
/// print(try search.start(on: source, data: source.openData(at: photos), plan: URL(filePath: "plan.json")))
/// ```
extension SearchRun {
  /// - Parameters:
  ///   - method: instead of the one that the recipe's search section names.
  ///   - seed: instead of the recipe's.
  /// - Throws: at once if no plan meets the budget, `RecipeError` or `AcceleratorError` where levels do not fit.
  public convenience init(
    for source: TrainedModel, budget: Budget, accelerator: Accelerator? = nil, method: SearchMethod.Kind? = nil,
    seed: Int? = nil
  ) throws {
    var recipe = source.recipe
    var settings = recipe.search ?? Recipe.Search()
    if let method, method != settings.method.kind { settings.method = SearchMethod(method) }
    if let seed { settings.seed = seed }
    recipe.search = settings
    try self.init(recipe, budget: budget, of: recipe.model.configuration.multiplyAdds, accelerator: accelerator)
  }

  /// Levels that are no faster here than dense layers: a sentence for each.
  public func remarks() throws -> [String] {
    let choices = problem.space.slots.flatMap { slot in slot.levels.map { (slot.path, $0) } }
    return try KernelSpeed.remarks(on: choices, of: recipe.model.configuration.multiplyAdds)
  }

  /// Searches to the end, or to the next SIGINT, SIGTERM or SIGHUP.
  ///
  /// - Parameters:
  ///   - plan: the plan file to write; evaluations and the trace are written beside it.
  /// - Throws: `SearchRunError.interrupted`, or what a file, the data or the export does not allow.
  public func start(
    on source: TrainedModel, data: TrainingData, plan: URL, threads: Int = processorCount(),
    observer: @escaping (SearchEvent<Evaluation>) throws -> Void = { _ in }
  ) throws -> SearchOutcome {
    try start(
      on: source.model, inputShape: source.model.inputShape, data: data, plan: plan, threads: threads,
      observer: observer)
  }
}
