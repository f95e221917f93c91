import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletModels
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTraining

/// From a language model to one whose cache keeps low-rank keys and values, in few bits: the method of Palu.
///
/// ```swift
/// var compressor = try KeyValueCompressor(LanguageModelFolder(URL(filePath: "models/x")))
/// compressor.calibration = TextSample(["text.txt"], windows: 64, window: 1024)
/// let wanted = KeyValueCompressor.Wanted.allowance(.share(0.5), bits: 4, by: .fisher)
/// print(try compressor.compress(to: wanted, into: URL(filePath: "models/x-palu")))
/// ```
/// Weights other than those of keys and values stay as they are. Source: Chang et al., "Palu: KV-Cache Compression with
/// Low-Rank Projection" (2025), section 3.
public struct KeyValueCompressor {
  public let source: LanguageModelFolder
  public var method = LowRankMethod()
  /// What bases are found from; nil for plans that have no ranks.
  public var calibration: TextSample?
  /// What the calibration's files lie below; nil where they are paths.
  public var data: URL?
  /// Told what is being done.
  public var observer: ((Stage) throws -> Void)?

  /// What takes long.
  public enum Stage: Hashable, Sendable {
    /// Statistics of a layer, of so many, are there.
    case calibrated(layer: Int, of: Int)
    /// Gradients of a window, of so many, are there.
    case differentiated(window: Int, of: Int)
    /// The exchange rate of a projection, of so many, is there.
    case rated(projection: Int, of: Int)
  }

  /// Who gets which rank.
  public enum Ranks: String, Hashable, Sendable, FileWord, CaseIterable {
    /// All the same share.
    case uniform
    /// In proportion to what gradients say of the weights, as Palu does.
    case fisher
    /// By the energies that ranks drop, times what they are worth to the forecasts.
    case waterFilling = "water-filling"
  }

  /// What is to be kept.
  public enum Wanted {
    case plan(CompressionPlan)
    case allowance(RankPlanner.Allowance, bits: Int?, by: Ranks)
  }

  /// Of allowances: heads that share a basis, nil for the most that are at most four; channels that share a grid; the step of
  /// ranks, nil for 32, or 8 where a group has fewer than 256 outputs.
  public var headGroup, latentGroup, step: Int?

  /// - Throws: ``KeyValueCompressorError/compressedBefore(_:)``.
  public init(_ source: LanguageModelFolder) throws {
    guard !LlamaModel.isLowRank(folder: source.folder) else {
      throw KeyValueCompressorError.compressedBefore(source.folder.path)
    }
    self.source = source
  }

  /// Writes a folder, which is complete or not there at all.
  ///
  /// - Parameter folder: new, or empty.
  /// - Throws: ``KeyValueCompressorError``, ``NewFolderError``, `RunError` and `LanguageError` for texts, `LowRankError` and
  ///   `CompressionPlanError` where ranks, bits and groups do not fit the network.
  @discardableResult
  public func compress(to wanted: Wanted, into folder: URL) throws -> KeyValueCompression {
    let output = try NewFolder(folder)
    let clock = ContinuousClock()
    let start = clock.now
    let model = source.model
    model.evaluate()
    if case .plan(let plan) = wanted { try check(plan) }
    let text = try calibration?.text(below: data, by: source.tokenizer, context: model.configuration.context)
    let decompositions = try decompositions(from: text, for: wanted)
    let plan = try plan(wanted, decompositions, text)
    let small = try model.decomposed(to: plan, with: decompositions)
    try output.write { draft in
      try small.writeLowRank(to: draft, plan: plan, method: method)
      try source.copyTokenizer(to: draft)
    }
    return try KeyValueCompression(
      plan, of: model, folder: folder.path, method: method, calibration: text.map { ($0, calibration?.files ?? []) },
      seconds: (clock.now - start).milliseconds / 1000)
  }

  private func check(_ plan: CompressionPlan) throws {
    try plan.validate(for: source.model.slots)
    try plan.require(only: LayerChoice.decomposable, by: "low-rank keys and values")
    guard calibration != nil || plan.choices.values.allSatisfy({ $0.rank == nil }) else {
      throw KeyValueCompressorError.noCalibration
    }
  }

  private func decompositions(from text: LanguageText?, for wanted: Wanted) throws -> KeyValueDecompositions {
    let model = source.model
    guard let text else {
      guard case .plan = wanted else { throw KeyValueCompressorError.noCalibration }
      let none = model.blocks.map { KeyValueStatistics(of: $0.attention, inputs: model.configuration.width) }
      return KeyValueDecompositions(of: model, for: none, by: method)
    }
    let layers = model.configuration.layers
    let statistics = try model.keyValueStatistics(on: text.tensors) { layer in
      try observer?(.calibrated(layer: layer + 1, of: layers))
    }
    var measures = false
    if case .allowance(_, _, .waterFilling) = wanted { measures = true }
    return KeyValueDecompositions(of: model, for: statistics, by: method, remembers: measures)
  }

  private func plan(
    _ wanted: Wanted, _ decompositions: KeyValueDecompositions, _ text: LanguageText?
  ) throws -> CompressionPlan {
    guard case .allowance(let allowance, let bits, let ranks) = wanted, let text else {
      guard case .plan(let plan) = wanted else { throw KeyValueCompressorError.noCalibration }
      return plan
    }
    let (model, heads) = (source.model, source.model.configuration.keyHeads)
    var planner = RankPlanner(slots: model.slots)
    let group = headGroup ?? (1...4).last { heads.isMultiple(of: $0) } ?? 1
    (planner.headGroup, planner.latentGroup) = (group, latentGroup)
    planner.step = step ?? (group * model.configuration.headWidth < 256 ? 8 : 32)
    return try planner.plan(
      keeping: allowance, bits: bits, by: rule(ranks, allowance, headGroup: group, decompositions, text))
  }

  /// Windows that exchange rates are measured on.
  private static let ratingWindows = 2

  private func rule(
    _ ranks: Ranks, _ allowance: RankPlanner.Allowance, headGroup: Int, _ decompositions: KeyValueDecompositions,
    _ text: LanguageText
  ) throws -> RankPlanner.Rule {
    let model = source.model
    switch ranks {
    case .uniform: return .uniform
    case .fisher:
      // A window at a time, as gradients need every layer's activations.
      let windows = text.stretches.map { Tensor($0.map(Int64.init), shape: [1, $0.count]) }
      return .proportional(
        try model.fisherInformation(on: windows) { window in
          try observer?(.differentiated(window: window + 1, of: windows.count))
        })
    case .waterFilling:
      let evaluator = try ForecastEvaluator(
        of: model, decompositions, calibratedOn: text, judgedBy: text.evenlySpaced(Self.ratingWindows))
      let share = if case .share(let share) = allowance { min(share, 0.9) } else { 0.5 }
      let rates = try evaluator.exchangeRates(of: model.slots, share: share, headGroup: headGroup) { done, all in
        try observer?(.rated(projection: done, of: all))
      }
      return .waterFilling(energies: rates.energies, costs: rates.costs)
    }
  }
}

/// Why keys and values cannot be compressed.
public enum KeyValueCompressorError: Error, Hashable, Sendable, CustomStringConvertible {
  case compressedBefore(String)
  case noCalibration

  public var description: String {
    switch self {
    case .compressedBefore(let path):
      "\(path) holds low-rank keys and values already: give the network that it was made from"
    case .noCalibration: "ranks are found from a text: give --calibrate, a text like those that the network will read"
    }
  }
}
