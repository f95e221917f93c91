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
    let context = source.model.configuration.context
    func text(_ sample: TextSample) throws -> LanguageText {
      try sample.text(below: data, by: source.tokenizer, context: context)
    }
    let work = try Work(
      self, calibration: text(recipe.calibration), judged: recipe.judged.map(text),
      searched: recipe.searched.map(text), plans: file.appendingPathExtension("plans"))
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
          do { result = try work.result(of: setting) } catch let error as SearchRunError { throw error } catch {
            throw KeyValueComparisonError.setting("\(setting)", reason: "\(error)")
          }
          try known.append(result)
        }
        rows.append(result)
        try observer?(.judged(result, number: number + 1, of: recipe.settings.count))
      }
      return KeyValueComparisonTable(rows)
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
    let scores = try references.map { try LanguageEvaluation(of: made.model, against: $0) }
    return KeyValueResult(
      identity: identity, bytesPerToken: made.bytes, gridBytesPerToken: made.grids,
      share: made.bytes / Double(try bytes(CompressionPlan(), .cacheBytes)),
      texts: zip(comparison.recipe.judged, scores).map { .init(files: $0.files, $1) },
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
      let (heads, width) = (model.configuration.keyHeads, model.configuration.headWidth)
      let memory = try ChannelwiseKeyValueMemory(
        bits: setting.bits, headWidth: width, block: setting.block, valueGroup: setting.valueGroup)
      let bytes = Double(model.configuration.layers) * memory.bytesPerToken(heads: heads, headWidth: width)
      let codes = Double(model.configuration.layers * 2 * heads * width * setting.bits) / 8
      return (model.remembering(memory, memory.whole), bytes, bytes - codes)
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
    var shape = KeyValuePlanner.Shape()
    (shape.headGroup, shape.latentGroup, shape.step) = (setting.headGroup, setting.latentGroup, setting.step)
    shape.layerGroup = setting.layerGroup
    let whole = try bytes(CompressionPlan(), .cacheBytes)
    let allowance: RankPlanner.Allowance =
      setting.kv.map { .bytesPerToken(Int($0 * Double(whole))) } ?? .share(setting.keep ?? 1)
    var plan = try planner.plan(
      keeping: allowance, bits: setting.bits, by: setting.ranks, shape, method: setting.method)
    for slot in model.slots where !setting.sides.contains(slot.kind) { plan[slot.path] = nil }
    return plan
  }

  private func search(_ setting: KeyValueSetting.Searched) throws -> CompressionPlan {
    guard let searched else { preconditionFailure("KeyValueComparison: there is no text to search by") }
    var recipe = KeyValueRecipe()
    (recipe.levels, recipe.method, recipe.search.method) = (setting.levels, setting.method, setting.search)
    let budget = try Budget(parsing: "kv=\(setting.kv)")
    let search = try KeyValueSearch(recipe, budget: budget, of: model.configuration)
    var name = Fingerprint(.scattered)
    name.mix("\(setting)")
    let file = plans.appending(path: "\(name.hexadecimal).json")
    let outcome = try search.run(
      on: model, planner.decompositions(by: setting.method), calibratedOn: calibration, judgedBy: searched, plan: file,
      stage: { try comparison.observer?(.search($0)) })
    return try CompressionPlan(contentsOf: URL(filePath: outcome.plan))
  }
}

extension KeyValueSetting.Whole {
  fileprivate func plan(of slots: [Slot]) -> CompressionPlan {
    var plan = CompressionPlan()
    for slot in slots {
      guard let side = CacheSide(slot.kind) else { continue }
      let bits = side == .keys ? keyBits : valueBits
      guard bits < 16 else { continue }
      var choice = LayerChoice(
        rank: nil, headGroup: 1, keyBits: side == .keys ? bits : nil, valueBits: side == .values ? bits : nil)
      choice.latentGroup = latentGroup
      plan[slot.path] = choice
    }
    return plan
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

extension KeyValueSetting {
  /// Neighbouring layers that share a latent.
  fileprivate var layerGroup: Int { if case .lowRank(let setting) = self { setting.layerGroup } else { 1 } }
}
