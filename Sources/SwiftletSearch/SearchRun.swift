import Foundation
import SwiftletData
import SwiftletExport
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
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
  public let problem: SearchProblem
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
    let costs =
      switch budget.quantity {
      case .flops: try PlanCosts.multiplyAdds(of: space, in: network)
      case .bytes: try PlanCosts.packedBytes(of: space, in: network)
      case .ms, .time:
        try
          (accelerator.map { try $0.costs(of: space, in: network) }
          ?? { throw BudgetUnitError(quantity: budget.quantity, unit: .multiplyAdds) }()).rounded()
      }
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
    observer: @escaping (SearchEvent) throws -> Void = { _ in }
  ) throws -> SearchOutcome {
    defer { try? observer(.stopped) }
    let clock = ContinuousClock()
    let start = clock.now
    let evaluator = try Evaluator(self, model, inputShape: inputShape, data: data, beside: file, threads: threads)
    let total = settings.method.evaluationCount(in: problem.space)
    try observer(.started(summary(evaluator, total: total, threads: threads)))

    return try Interruption.whileListening {
      let uniform = try problem.space.uniformPlans.map { levels in
        let proposal = Proposal(levels: levels, origin: .uniform, round: 0)
        return Candidate(proposal, cost: problem.costs.total(of: levels), fitness: try evaluator.fitness(of: proposal))
      }
      let trace = try TraceWriter(Self.trace(beside: file), header: header(uniform: uniform))
      var random = RandomStream(seed: UInt64(bitPattern: Int64(settings.seed)))
      var (done, best) = (0, Candidate?.none)
      let ready = clock.now  // Reading images is no part of the estimate.
      let result = try settings.method.run(problem, using: &random) { [problem] proposals in
        try proposals.map { proposal in
          let fitness = try evaluator.fitness(of: proposal)
          let candidate = Candidate(proposal, cost: problem.costs.total(of: proposal.levels), fitness: fitness)
          try trace.append(candidate)
          if problem.window.contains(candidate.cost), best.map({ problem.ranksBefore(candidate, $0) }) ?? true {
            best = candidate
          }
          done += 1
          try observer(
            .evaluated(
              SearchProgress(
                done: done, total: total, candidate: candidate, best: best,
                seconds: (clock.now - ready).milliseconds / 1000)))
          return fitness
        }
      }
      guard !result.best.fitness.loss.isNaN else { throw SearchRunError.scoresNotFinite }
      try problem.space.plan(result.best.levels).write(to: file)
      return SearchOutcome(
        plan: file.path, trace: trace.file.path, budget: budget.text, unit: problem.costs.unit, cost: result.best.cost,
        shareOfDense: Double(result.best.cost) / Double(problem.costs.dense), accuracy: result.best.fitness.accuracy,
        loss: result.best.fitness.loss, images: result.best.fitness.images,
        uniform: uniform.map { candidate in
          .init(
            level: problem.space.slots[0].levels[candidate.levels[0]], cost: candidate.cost,
            accuracy: candidate.fitness.accuracy, loss: candidate.fitness.loss)
        },
        evaluations: Set(result.candidates.map(\.levels) + uniform.map(\.levels)).count, measured: evaluator.measured,
        seconds: (clock.now - start).milliseconds / 1000)
    }
  }

  private func summary(_ evaluator: Evaluator, total: Int?, threads: Int) -> String {
    let slots = problem.space.slots
    let count = total.map { "\($0) evaluations" } ?? "evaluations until it fits"
    return "\(settings.method.kind.rawValue) search for \(budget) over \(slots.count) layers with "
      + "\(slots.map(\.levels.count).max() ?? 0) levels, \(count) on \(evaluator.images.count) held-out images, "
      + "\(threads) threads"
  }

  private func header(uniform: [Candidate]) -> SearchTrace.Header {
    SearchTrace.Header(
      model: "\(recipe.model)", budget: budget.text, accelerator: accelerator?.name ?? "",
      method: settings.method.kind, measure: problem.measure, seed: settings.seed, unit: problem.costs.unit,
      fixed: problem.costs.fixed, dense: problem.costs.dense,
      window: [problem.window.lowerBound, problem.window.upperBound],
      slots: zip(problem.space.slots, problem.costs.levels).map { slot, costs in
        .init(
          layer: slot.path,
          levels: zip(slot.levels, costs).map { .init(pattern: $0.pattern, precision: $0.precision, cost: $1) })
      },
      uniform: uniform.map(SearchTrace.Line.init))
  }
}

/// Measures plans, each once.
private final class Evaluator {
  let images: HeldOutImages
  private(set) var measured = 0
  private let network: PlannedNetwork
  private let cache: EvaluationCache
  private let space: SearchSpace
  private let identity: Fingerprint
  private let threads: Int
  private let plan: URL

  init(
    _ run: SearchRun, _ model: some Layer, inputShape: [Int], data: TrainingData, beside plan: URL, threads: Int
  ) throws {
    let settings = run.recipe.search ?? Recipe.Search()
    (space, self.threads, self.plan) = (run.problem.space, threads, plan)
    guard data.search.count > 0 else { throw SearchRunError.noSearchSplit }
    let count = min(settings.images ?? data.search.count, data.search.count)
    let chosen = try Partition(
      labels: data.search.labels, counts: [count, data.search.count - count], seed: UInt64(run.recipe.data.splitSeed))
    let batches = run.recipe.evaluationLoader(over: Subset(data.search, chosen.parts[0]), batchSize: 50).epoch(0)
    var held: [(images: NDArray, labels: [Int])] = []
    while let batch = try batches.next() {
      held.append((batch.images.inMemory, batch.labels.scalars(as: Int64.self).map(Int.init)))
    }
    images = HeldOutImages(held)

    let usesInt8 = space.slots.contains { $0.levels.contains { $0.precision == .int8 } }
    var calibration: Calibration?
    if usesInt8 {
      let spread = data.training.evenlySpaced(settings.calibrationImages)
      let batches = run.recipe.evaluationLoader(over: spread, batchSize: 32).epoch(0)
      var seen: [Tensor] = []
      while let batch = try batches.next() { seen.append(batch.images) }
      calibration = Calibration(batches: seen, threads: threads)
    }
    model.evaluate()
    network = try PlannedNetwork(
      model, inputShape: inputShape, layers: space.slots.map(\.path), calibration: calibration)

    var identity = Fingerprint()
    identity.mix(weightsOf: model)
    identity.mix("\(data.identity), \(count) images, \(run.recipe.data.mean) \(run.recipe.data.deviation)")
    if usesInt8 { identity.mix("\(settings.calibrationImages) calibration images, measured ranges, smoothed norms") }
    self.identity = identity
    do {
      try FileManager.default.createDirectory(at: plan.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw RunError.cannotWrite(plan.deletingLastPathComponent(), reason: reason(of: error))
    }
    cache = try EvaluationCache(SearchRun.evaluations(beside: plan))
  }

  func fitness(of proposal: Proposal) throws -> Fitness {
    let plan = space.plan(proposal.levels)
    var key = identity
    key.mix(plan.json)
    if let known = cache[key.hexadecimal] { return known }
    if let signal = Interruption.signalNumber {
      throw SearchRunError.interrupted(signal: signal, evaluations: cache.file)
    }
    let fitness = try images.fitness(of: Session(network.modelFile(for: plan), threads: threads))
    measured += 1
    try cache.store(fitness, for: key.hexadecimal)
    return fitness
  }
}

/// Appends to a trace.
private final class TraceWriter {
  let file: URL
  private let handle: FileHandle

  init(_ file: URL, header: SearchTrace.Header) throws {
    self.file = file
    do {
      try JSONLines.line(header).write(to: file, options: .atomic)
      handle = try FileHandle(forWritingTo: file)
      try handle.seekToEnd()
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  func append(_ candidate: Candidate) throws {
    do {
      try handle.write(contentsOf: JSONLines.line(SearchTrace.Line(candidate)))
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }
}

extension Tensor {
  fileprivate var inMemory: NDArray {
    NDArray(cast(to: .float32).contiguous().scalars(as: Float.self), shape: shape)
  }
}

extension SearchRun {
  /// `plan.trace.jsonl` beside `plan.json`.
  static func trace(beside plan: URL) -> URL {
    plan.deletingPathExtension().appendingPathExtension("trace.jsonl")
  }

  /// The evaluations of every search in the folder.
  static func evaluations(beside plan: URL) -> URL {
    plan.deletingLastPathComponent().appending(path: "evaluations.jsonl")
  }

  /// What a search that writes `plan` writes beside it, to be checked before it begins.
  public static func sideOutputs(of plan: URL) -> [PlannedOutput] {
    [
      PlannedOutput(trace(beside: plan).path, kind: "the trace of a search", replacing: SearchTrace.isTrace(at:)),
      PlannedOutput(
        evaluations(beside: plan).path, kind: "the evaluations of searches", replacing: EvaluationCache.isCache(at:)),
    ]
  }
}

/// What a search tells its observer.
public enum SearchEvent: Sendable {
  /// One sentence about the space, the budget and the images.
  case started(String)
  case evaluated(SearchProgress)
  /// Nothing follows, whether the search is complete, interrupted or failed.
  case stopped
}

/// Where a search stands.
public struct SearchProgress: Hashable, Sendable {
  public let done: Int
  /// Nil where nobody knows.
  public let total: Int?
  public let candidate: Candidate
  /// The best inside the window so far.
  public let best: Candidate?
  /// Since the first plan.
  public let seconds: Double
}

/// What a search found, for people and for programs.
public struct SearchOutcome: Hashable, Sendable, Encodable {
  /// The same choice everywhere.
  public struct Uniform: Hashable, Sendable, Encodable {
    public let pattern: SparsityPattern
    public let precision: Precision
    public let cost: Int
    public let accuracy, loss: Double

    init(level: LayerChoice, cost: Int, accuracy: Double, loss: Double) {
      (pattern, precision) = (level.pattern, level.precision)
      (self.cost, self.accuracy, self.loss) = (cost, accuracy, loss)
    }
  }

  public let plan, trace, budget: String
  public let unit: PlanCosts.Unit
  public let cost: Int
  public let shareOfDense, accuracy, loss: Double
  public let images: Int
  public let uniform: [Uniform]
  /// Different plans that were judged: the candidates, and the uniform plans they are compared with.
  public let evaluations: Int
  /// Those of them that no earlier search had judged.
  public let measured: Int
  public let seconds: Double
}

extension SearchOutcome: CustomStringConvertible {
  public var description: String {
    func text(_ cost: Int, _ accuracy: Double, _ loss: Double) -> String {
      "\(unit.text(cost)), " + String(format: "%.2f %% right, loss %.4f", 100 * accuracy, loss)
    }
    var lines = ["\(plan): " + text(cost, accuracy, loss) + String(format: ", %.3f of dense", shareOfDense)]
    lines += uniform.map { "uniform \($0.pattern) \($0.precision.rawValue): " + text($0.cost, $0.accuracy, $0.loss) }
    lines.append(
      "\(evaluations) plans on \(images) held-out images, \(measured) of them measured now, in "
        + "\(ConsoleBar.duration(seconds)); every candidate is in \(trace)")
    return lines.joined(separator: "\n")
  }
}

/// Why a search cannot start or go on.
public enum SearchRunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The recipe holds no images out.
  case noSearchSplit
  /// No plan inside the budget computes.
  case scoresNotFinite
  case interrupted(signal: Int32, evaluations: URL)

  public var description: String {
    switch self {
    case .noSearchSplit:
      "the recipe holds out no images to judge plans by: set data.searchFraction above 0"
    case .scoresNotFinite:
      "the network gives scores that are infinite or not numbers under every plan inside the budget, so no plan was "
        + "written: the checkpoint's activations overflow"
    case .interrupted(let signal, let evaluations):
      "stopped by \(RunError.name(of: signal)); the same command goes on, with what "
        + "\(evaluations.path) holds"
    }
  }
}
