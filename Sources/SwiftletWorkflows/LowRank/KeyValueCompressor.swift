import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
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
  public var observer: ((KeyValuePlanner.Stage) throws -> Void)?

  /// What is to be kept.
  public enum Wanted {
    case plan(CompressionPlan)
    case allowance(RankPlanner.Allowance, bits: Int?, by: KeyValuePlanner.Ranks)
  }

  /// How an allowance is cut.
  public var shape = KeyValuePlanner.Shape()

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
  /// - Throws: ``KeyValueCompressorError``, ``NewFolderError``, `RunError` and `LanguageTextError` for texts, `LowRankError` and
  ///   `CompressionPlanError` where ranks, bits and groups do not fit the network.
  @discardableResult
  public func compress(to wanted: Wanted, into folder: URL) throws -> KeyValueCompression {
    let output = try NewFolder(folder)
    let clock = ContinuousClock()
    let start = clock.now
    let model = source.model
    model.evaluate()
    switch wanted {
    case .plan(let plan): try check(plan)
    case .allowance(let allowance, let bits, _):
      try KeyValuePlanner.check(allowance, bits: bits, shape, for: model.configuration)
    }
    // Bits alone are found from no text.
    let calibration = hasRanks(wanted) ? calibration : nil
    let text = try calibration?.text(
      below: data, by: source.tokenizer, context: model.configuration.context, named: "calibration")
    let planner = try text.map { text in
      // A plan by measured worth is the only one that asks for decompositions twice.
      let remembers = if case .allowance(_, _, .waterFilling) = wanted { true } else { false }
      return try KeyValuePlanner(
        model, calibratedOn: text, layerGroup: layerGroup(of: wanted), remembers: remembers, observer: observer)
    }
    let plan: CompressionPlan
    switch wanted {
    case .plan(let given): plan = given
    case .allowance(let allowance, let bits, let ranks):
      guard let planner else { throw KeyValueCompressorError.noCalibration }
      plan = try planner.plan(keeping: allowance, bits: bits, by: ranks, shape, method: method)
    }
    let decompositions = planner?.decompositions(by: method) ?? noDecompositions
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
    if let wanted = plan.method, wanted != method.description {
      throw KeyValueCompressorError.otherMethod(plan: wanted, given: method.description)
    }
    guard calibration != nil || !hasRanks(.plan(plan)) else { throw KeyValueCompressorError.noCalibration }
  }

  private func hasRanks(_ wanted: Wanted) -> Bool {
    guard case .plan(let plan) = wanted else { return true }
    return plan.choices.values.contains { $0.rank != nil }
  }

  /// The most layers that share a latent.
  private func layerGroup(of wanted: Wanted) -> Int {
    switch wanted {
    case .plan(let plan): plan.choices.values.compactMap(\.layerGroup).max() ?? 1
    case .allowance: shape.layerGroup
    }
  }

  /// Of plans without ranks, which ask for none.
  private var noDecompositions: KeyValueDecompositions {
    let model = source.model
    let none = model.blocks.map { KeyValueStatistics(of: $0.attention, inputs: model.configuration.width) }
    return KeyValueDecompositions(of: model, for: none, by: method)
  }
}

/// Why keys and values cannot be compressed.
public enum KeyValueCompressorError: Error, Hashable, Sendable, CustomStringConvertible {
  case compressedBefore(String)
  case noCalibration
  /// The plan was found for bases, rotations or whole tokens that are not those of the compressor.
  case otherMethod(plan: String, given: String)

  public var description: String {
    switch self {
    case .compressedBefore(let path):
      "\(path) holds low-rank keys and values already: give the network that it was made from"
    case .otherMethod(let plan, let given):
      "the plan was made for “\(plan)”, and this would be “\(given)”: give the --recipe that it was searched by, or the options "
        + "that say the same"
    case .noCalibration: "ranks are found from a text: give --calibrate, a text like those that the network will read"
    }
  }
}
