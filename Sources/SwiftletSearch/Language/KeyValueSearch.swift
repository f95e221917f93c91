import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import SwiftletTerminal
import SwiftletText
import SwiftletTraining

/// A search for the ranks and bits of a language model's keys and values, layer by layer, inside a budget of the cache's bytes.
///
/// ```swift
/// let recipe = try KeyValueRecipe.read(from: URL(filePath: "recipes/palu-smollm2.yaml"))
/// let search = try KeyValueSearch(recipe, budget: Budget(parsing: "kv=0.2"), of: model.configuration)
/// print(try search.start(on: model, tokenizer, data: texts, plan: URL(filePath: "plan.json")))
/// ```
/// What each level of a layer loses of its outputs is computed on samples of the calibration text; what a layer's loss is worth
/// is measured once, by the forecasts of a held-out text. Everything that is measured is kept beside the plan.
public struct KeyValueSearch {
  public let recipe: KeyValueRecipe
  public let budget: Budget
  public let space: SearchSpace
  private let costs: PlanCosts
  private let configuration: LlamaConfiguration

  /// Tokens of a layer, all batches together, on which errors are computed.
  private static let sampledTokens = 512

  /// - Throws: at once if no plan meets the budget, ``LowRankError`` or `CompressionPlanError` where levels do not fit.
  public init(_ recipe: KeyValueRecipe, budget: Budget, of configuration: LlamaConfiguration) throws {
    (self.recipe, self.budget, self.configuration) = (recipe, budget, configuration)
    guard budget.quantity == .kv else { throw KeyValueSearchError.otherBudget(budget) }
    space = try recipe.levels.space(over: configuration.slots)
    costs = try .cacheBytes(of: space, in: configuration.slots)
    _ = try budget.window(in: costs)
  }

  /// What the search does before it judges plans.
  public enum Stage: Hashable, Sendable {
    /// So many batches of the calibration text, of all, are read.
    case calibrated(batches: Int, of: Int)
    /// The errors of all levels of a projection are there, of so many.
    case compared(slot: Int, of: Int)
  }

  /// Searches to the end, or to the next SIGINT, SIGTERM or SIGHUP.
  ///
  /// - Parameters:
  ///   - data: the folder of the recipe's texts.
  ///   - plan: the plan file to write; evaluations and the trace are written beside it.
  /// - Throws: `SearchRunError.interrupted`, what the texts or a file do not allow.
  public func start(
    on model: LlamaModel, _ tokenizer: Tokenizer, data: URL?, plan file: URL, threads: Int = 1,
    stage: (Stage) throws -> Void = { _ in },
    observer: @escaping (SearchEvent<ForecastScore>) throws -> Void = { _ in }
  ) throws -> KeyValueSearchOutcome {
    guard model.blocks.allSatisfy({ $0.attention.key is Linear && $0.attention.value is Linear }) else {
      throw KeyValueSearchError.compressedBefore
    }
    let clock = ContinuousClock()
    let start = clock.now
    Torch.setThreads(threads)
    let context = configuration.context
    let calibration = try recipe.calibration.text(
      below: data, by: tokenizer, context: context, named: "calibration")
    let judged = try recipe.search.judged.text(
      below: data, by: tokenizer, context: context, named: "search.judged")
    model.evaluate()
    let batches = calibration.tensors
    let statistics = try model.keyValueStatistics(
      on: batches, samplesPerBatch: Self.samplesPerBatch(of: calibration)
    ) { done in
      try stage(.calibrated(batches: done, of: batches.count))
    }
    let decompositions = KeyValueDecompositions(of: model, for: statistics, by: recipe.method, remembers: true)
    return try run(
      on: model, decompositions, calibratedOn: calibration, judgedBy: judged, plan: file, since: start, stage: stage,
      observer: observer)
  }

  /// How many tokens of each batch of a calibration text are to be sampled.
  public static func samplesPerBatch(of text: LanguageText) -> Int { max(1, sampledTokens / text.tensors.count) }

  /// The same with statistics that are there, samples among them.
  ///
  /// - Parameter start: when the work for it began.
  public func run(
    on model: LlamaModel, _ decompositions: KeyValueDecompositions, calibratedOn calibration: LanguageText,
    judgedBy judged: LanguageText, plan file: URL, since start: ContinuousClock.Instant = .now,
    stage: (Stage) throws -> Void = { _ in },
    observer: @escaping (SearchEvent<ForecastScore>) throws -> Void = { _ in }
  ) throws -> KeyValueSearchOutcome {
    let clock = ContinuousClock()
    let problem = try SearchProblem<ForecastScore>(
      space, costs: costs, budget: budget, measure: recipe.search.measure,
      localErrors: errors(by: decompositions, stage: stage))
    let evaluator = try ForecastEvaluator(
      of: model, decompositions, calibratedOn: calibration, judgedBy: judged)
    var search = PlanSearch<ForecastEvaluator>(
      problem, method: recipe.search.method, seed: recipe.search.seed, model: "\(configuration)", budget: budget)
    search.judgesAllUniform = false
    let ready = clock.now
    let found = try search.run(by: evaluator, beside: file, observer: observer)
    guard !found.best.fitness.divergence.isNaN else { throw SearchRunError.scoresNotFinite }
    var plan = space.plan(found.best.levels)
    plan.method = "\(recipe.method)"
    try plan.write(to: file)
    return KeyValueSearchOutcome(
      found, plan: file, problem: problem, budget: budget,
      seconds: (preparing: (ready - start).milliseconds / 1000, searching: (clock.now - ready).milliseconds / 1000))
  }

  /// What a search that writes `plan` writes beside it, to be checked before it begins.
  public static func sideOutputs(of plan: URL) -> [PlannedOutput] {
    PlanSearch<ForecastEvaluator>.sideOutputs(of: plan)
  }

  /// Of every level of every slot.
  private func errors(
    by decompositions: KeyValueDecompositions, stage: (Stage) throws -> Void
  ) throws -> [[Double]] {
    let places = configuration.slots.cachePlaces
    return try space.slots.enumerated().map { number, slot in
      guard let (layer, side) = places[slot.path] else {
        preconditionFailure("KeyValueSearch: \(slot.path) is no layer of the network")
      }
      let row = try slot.levels.map { try decompositions.error(ofLayer: layer, side, under: $0) }
      try stage(.compared(slot: number + 1, of: space.slots.count))
      return row
    }
  }
}

/// Why keys and values cannot be searched.
public enum KeyValueSearchError: Error, Hashable, Sendable, CustomStringConvertible {
  case otherBudget(Budget)
  case compressedBefore

  public var description: String {
    switch self {
    case .otherBudget(let budget):
      "\(budget) does not limit what a cache keeps: give --budget kv=0.2, a share of its bytes in 16 bits, or kv=2k, bytes a "
        + "token"
    case .compressedBefore: "the network has low-rank keys and values already: give the one that it was made from"
    }
  }
}
