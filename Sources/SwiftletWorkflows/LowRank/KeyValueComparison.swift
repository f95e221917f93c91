import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining

/// Judges many ways to make the keys and values of a language model small, side by side: each against the same network, on the
/// same texts. What is measured is kept in a file of JSON lines as it is found, so that an interrupted comparison goes on.
///
/// ```swift
/// let comparison = try KeyValueComparison(recipe, of: LanguageModelFolder(URL(filePath: "models/x")), data: texts)
/// print(try comparison.run(keeping: URL(filePath: "compared.jsonl")))
/// ```
public struct KeyValueComparison {
  public let recipe: KeyValueComparisonRecipe
  public let source: LanguageModelFolder
  /// What the recipe's files lie below.
  public let data: URL?
  /// Told what is being done.
  public var observer: ((Event) throws -> Void)?

  /// What happens.
  public enum Event: Sendable {
    case stage(KeyValuePlanner.Stage)
    case search(KeyValueSearch.Stage)
    /// The uncompressed network has read so many tokens of all.
    case read(tokens: Int, of: Int)
    /// A setting is judged, of so many.
    case judged(KeyValueResult, number: Int, of: Int)
  }

  /// - Throws: ``KeyValueCompressorError/compressedBefore(_:)``.
  public init(_ recipe: KeyValueComparisonRecipe, of source: LanguageModelFolder, data: URL?) throws {
    guard !LlamaModel.isLowRank(folder: source.folder) else {
      throw KeyValueCompressorError.compressedBefore(source.folder.path)
    }
    (self.recipe, self.source, self.data) = (recipe, source, data)
  }

  /// - Parameter file: of results; those of the same network and texts are not measured again. Plans that are searched lie in a
  ///   folder beside it.
  /// - Returns: in the order of the recipe.
  /// - Throws: `SearchRunError.interrupted`, ``KeyValueComparisonError``, what texts, settings or files do not allow.
  public func run(keeping file: URL) throws -> KeyValueComparisonTable {
    let configuration = source.model.configuration
    for setting in recipe.settings { try named(setting) { try setting.check(for: configuration) } }
    func text(_ sample: TextSample, _ name: String) throws -> LanguageText {
      try sample.text(below: data, by: source.tokenizer, context: configuration.context, named: name)
    }
    let work = try Work(
      self, calibration: text(recipe.calibration, "calibration"),
      judged: recipe.judged.enumerated().map { try text($1, "judged[\($0)]") },
      searched: recipe.searched.map { try text($0, "searched") }, plans: file.appendingPathExtension("plans"))
    let known = try KeyValueResults(file, identity: work.identity)
    return try Interruption.whileListening {
      var rows: [KeyValueResult] = []
      for (number, setting) in recipe.settings.enumerated() {
        let result: KeyValueResult
        if let found = known[setting] {
          result = found
        } else {
          if let signal = Interruption.signalNumber {
            throw SearchRunError.interrupted(signal: signal, evaluations: file)
          }
          result = try named(setting) { try work.result(of: setting) }
          try known.append(result)
        }
        rows.append(result)
        try observer?(.judged(result, number: number + 1, of: recipe.settings.count))
      }
      return KeyValueComparisonTable(rows)
    }
  }

  /// Says in its error which setting cannot be judged.
  private func named<Result>(_ setting: KeyValueSetting, _ work: () throws -> Result) throws -> Result {
    do { return try work() } catch let error as SearchRunError { throw error } catch {
      throw KeyValueComparisonError.setting("\(setting)", reason: "\(error)")
    }
  }
}

/// What a comparison computes once, when it is first asked for.
private final class Work {
  let identity: String
  private let comparison: KeyValueComparison
  private let calibration: LanguageText
  private let judged: [LanguageText]
  private let searched: LanguageText?
  private let plans: URL
  private var references: [LanguageReference] = []
  private var knownPlanner: KeyValuePlanner?

  private var model: LlamaModel { comparison.source.model }

  init(
    _ comparison: KeyValueComparison, calibration: LanguageText, judged: [LanguageText], searched: LanguageText?,
    plans: URL
  ) throws {
    (self.comparison, self.calibration, self.judged) = (comparison, calibration, judged)
    (self.searched, self.plans) = (searched, plans)
    var identity = Fingerprint(.scattered)
    identity.mix(comparison.source.model)
    for (role, texts) in [
      ("calibration", [calibration]), ("judged", judged), ("searched", searched.map { [$0] } ?? []),
    ] {
      identity.mix(role)
      for text in texts { identity.mix(text) }
    }
    self.identity = identity.hexadecimal
  }

  private var planner: KeyValuePlanner {
    get throws {
      if let knownPlanner { return knownPlanner }
      let made = try KeyValuePlanner(
        model, calibratedOn: calibration, samplesPerBatch: KeyValueSearch.samplesPerBatch(of: calibration),
        layerGroup: comparison.recipe.settings.map(\.layerGroup).max() ?? 1
      ) { [comparison] in try comparison.observer?(.stage($0)) }
      knownPlanner = made
      return made
    }
  }

  func result(of setting: KeyValueSetting) throws -> KeyValueResult {
    if references.isEmpty {
      references = try judged.map { text in
        try LanguageReference(model, on: text) { done, all in
          try comparison.observer?(.read(tokens: done, of: all))
        }
      }
    }
    let clock = ContinuousClock()
    let start = clock.now
    let made = try network(setting)
    let ready = clock.now
    let texts = try zip(comparison.recipe.judged, references).map { sample, reference in
      let found: LanguageEvaluation?
      // A latent that no 16-bit float holds is a result too.
      do { found = try LanguageEvaluation(of: made.model, against: reference) } catch LanguageTextError.notFinite {
        found = nil
      }
      return KeyValueResult.OnText(files: sample.files, tokens: reference.text.targets, found)
    }
    return KeyValueResult(
      identity: identity, bytesPerToken: made.bytes, gridBytesPerToken: made.grids,
      share: made.bytes / Double(try bytes(CompressionPlan(), .cacheBytes)),
      texts: texts,
      planSeconds: (ready - start).milliseconds / 1000, evaluationSeconds: (clock.now - ready).milliseconds / 1000,
      setting: setting)
  }

  private func bytes(_ plan: CompressionPlan, _ cost: CostModel) throws -> Int {
    try cost.total(of: model.slots, under: plan)
  }

  private func network(
    _ setting: KeyValueSetting
  ) throws -> (model: LlamaModel, bytes: Double, grids: Double) {
    let (plan, method): (CompressionPlan, LowRankMethod)
    switch setting {
    case .channelwise(let setting):
      let shape = model.configuration
      let (layers, heads, width) = (Double(shape.layers), shape.keyHeads, shape.headWidth)
      let memory = try setting.memory(headWidth: width)
      return (
        model.remembering(memory, memory.whole), layers * memory.bytesPerToken(heads: heads, headWidth: width),
        layers * memory.gridBytesPerToken(heads: heads, headWidth: width)
      )
    case .whole(let setting):
      method = {
        var method = LowRankMethod()
        method.rotation = setting.rotation
        return method
      }()
      plan = setting.plan(of: model.slots)
    case .lowRank(let setting):
      method = setting.method
      plan = try self.plan(setting)
    case .searched(let setting):
      method = setting.method
      plan = try search(setting)
    }
    return (
      try model.decomposed(to: plan, with: planner.decompositions(by: method)), Double(try bytes(plan, .cacheBytes)),
      Double(try bytes(plan, .cacheMetadataBytes))
    )
  }

  private func plan(_ setting: KeyValueSetting.LowRank) throws -> CompressionPlan {
    var plan = try planner.plan(
      keeping: setting.allowance(of: bytes(CompressionPlan(), .cacheBytes)), bits: setting.bits, by: setting.ranks,
      setting.shape, method: setting.method)
    for slot in model.slots where !setting.sides.contains(slot.kind) { plan[slot.path] = nil }
    return plan
  }

  private func search(_ setting: KeyValueSetting.Searched) throws -> CompressionPlan {
    guard let searched else { preconditionFailure("KeyValueComparison: there is no text to search by") }
    var name = Fingerprint(.scattered)
    name.mix(String(decoding: try StrictJSON.encode(KeyValueSetting.searched(setting)), as: UTF8.self))
    let file = plans.appending(path: "\(name.hexadecimal).json")
    let outcome = try setting.work(of: model.configuration).run(
      on: model, planner.decompositions(by: setting.method), calibratedOn: calibration, judgedBy: searched, plan: file,
      stage: { try comparison.observer?(.search($0)) })
    return try CompressionPlan(contentsOf: URL(filePath: outcome.plan))
  }
}

extension LlamaModel {
  /// The network with another memory in every layer, which shares all weights.
  fileprivate func remembering(_ memory: any KeyValueMemory, _ whole: WholeTokens) -> LlamaModel {
    let model = shallowCopy()
    model.blocks = blocks.map { block in
      let (block, attention) = (block.shallowCopy(), block.attention.shallowCopy())
      (attention.memory, attention.whole) = (memory, whole)
      block.attention = attention
      return block
    }
    return model
  }
}
