import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTraining

/// Makes plans for a language model's keys and values by rules, from what a calibration text tells. What is measured is measured
/// once, however many plans are made.
public final class KeyValuePlanner {
  public let model: LlamaModel
  public let text: LanguageText
  public let statistics: [KeyValueStatistics]
  private let remembers: Bool
  private let observer: ((Stage) throws -> Void)?
  private var known: [LowRankMethod.Bases: KeyValueDecompositions] = [:]
  private var fisher: [String: Double]?
  private var rates: [Rated: (energies: [String: [Double]], costs: [String: Double])] = [:]

  /// What exchange rates depend on.
  private struct Rated: Hashable {
    let headGroup: Int
    /// Without a rotation of its own: nothing is rounded.
    let method: LowRankMethod

    init(headGroup: Int, _ method: LowRankMethod) {
      var plain = method
      (plain.rotation, plain.seed) = (LowRankMethod().rotation, LowRankMethod().seed)
      (self.headGroup, self.method) = (headGroup, plain)
    }
  }

  /// What takes long.
  public enum Stage: Hashable, Sendable {
    /// So many batches of the calibration text, of all, are read.
    case calibrated(batches: Int, of: Int)
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

  /// How projections are cut, whoever gets which rank.
  public struct Shape: Hashable, Sendable {
    /// Heads that share a basis; nil is the most that are at most four.
    public var headGroup: Int?
    /// Neighbouring layers that share a latent.
    public var layerGroup = 1
    /// Values of a latent that share a grid; nil is all of a group's.
    public var latentGroup: Int?
    /// Ranks are multiples of it; nil is 32, or 8 where a group has fewer than 256 outputs.
    public var step: Int?

    public init() {}
  }

  /// - Parameters:
  ///   - samplesPerBatch: tokens of each batch whose inputs are kept, for errors of levels.
  ///   - layerGroup: the most neighbouring layers that share a latent.
  ///   - remembers: whether decompositions are kept, two matrices a group of heads.
  /// - Throws: what the observer throws.
  public init(
    _ model: LlamaModel, calibratedOn text: LanguageText, samplesPerBatch: Int = 0, layerGroup: Int = 1,
    remembers: Bool = true,
    observer: ((Stage) throws -> Void)? = nil
  ) throws {
    (self.model, self.text, self.remembers, self.observer) = (model, text, remembers, observer)
    model.evaluate()
    let batches = text.tensors
    statistics = try model.keyValueStatistics(
      on: batches, samplesPerBatch: samplesPerBatch, layerGroup: layerGroup
    ) { done in
      try observer?(.calibrated(batches: done, of: batches.count))
    }
  }

  /// What was made for one method serves all with the same bases.
  public func decompositions(by method: LowRankMethod) -> KeyValueDecompositions {
    if let found = known[method.bases] { return found.with(method) }
    let made = KeyValueDecompositions(of: model, for: statistics, by: method, remembers: remembers)
    known[method.bases] = made
    return made
  }

  /// - Throws: `LowRankError` and `CompressionPlanError` where ranks, bits and groups do not fit the network.
  public func plan(
    keeping allowance: RankPlanner.Allowance, bits: Int?, by ranks: Ranks, _ shape: Shape = Shape(),
    method: LowRankMethod
  ) throws -> CompressionPlan {
    // Before anything is measured.
    try Self.check(allowance, bits: bits, shape, for: model.configuration)
    let (planner, group) = Self.planner(shape, for: model.configuration)
    return try planner.plan(keeping: allowance, bits: bits, by: rule(ranks, headGroup: group, method))
  }

  /// Refuses what no plan can meet, before a text is read.
  ///
  /// - Throws: `LowRankError` and `CompressionPlanError` where ranks, bits and groups do not fit the network.
  static func check(
    _ allowance: RankPlanner.Allowance, bits: Int?, _ shape: Shape, for configuration: LlamaConfiguration
  ) throws {
    _ = try planner(shape, for: configuration).planner.plan(keeping: allowance, bits: bits, by: .uniform)
  }

  private static func planner(
    _ shape: Shape, for configuration: LlamaConfiguration
  ) -> (planner: RankPlanner, headGroup: Int) {
    let group = shape.headGroup ?? (1...4).last { configuration.keyHeads.isMultiple(of: $0) } ?? 1
    var planner = RankPlanner(slots: configuration.slots)
    (planner.headGroup, planner.layerGroup, planner.latentGroup) = (group, shape.layerGroup, shape.latentGroup)
    planner.step = shape.step ?? (group * configuration.headWidth < 256 ? 8 : 32)
    return (planner, group)
  }

  /// Windows that exchange rates are measured on, and the share of ranks at which.
  private static let (ratingWindows, ratingShare) = (1, 0.5)

  private func rule(_ ranks: Ranks, headGroup: Int, _ method: LowRankMethod) throws -> RankPlanner.Rule {
    switch ranks {
    case .uniform: return .uniform
    case .fisher:
      let found = try fisher ?? measuredFisher()
      fisher = found
      return .proportional(found)
    case .waterFilling:
      let place = Rated(headGroup: headGroup, method)
      let found = try rates[place] ?? measuredRates(place)
      rates[place] = found
      return .waterFilling(energies: found.energies, costs: found.costs)
    }
  }

  /// A window at a time, as gradients need every layer's activations.
  private func measuredFisher() throws -> [String: Double] {
    let windows = text.stretches.map { Tensor($0.map(Int64.init), shape: [1, $0.count]) }
    return try model.fisherInformation(on: windows) { [observer] window in
      try observer?(.differentiated(window: window + 1, of: windows.count))
    }
  }

  private func measuredRates(
    _ place: Rated
  ) throws -> (energies: [String: [Double]], costs: [String: Double]) {
    let evaluator = try ForecastEvaluator(
      of: model, decompositions(by: place.method), calibratedOn: text,
      judgedBy: text.evenlySpaced(Self.ratingWindows))
    return try evaluator.exchangeRates(of: model.slots, share: Self.ratingShare, headGroup: place.headGroup) {
      [observer] done, all in try observer?(.rated(projection: done, of: all))
    }
  }
}
