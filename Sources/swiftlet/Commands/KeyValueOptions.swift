import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletPlans
import SwiftletRunCommands
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// The options of `swiftlet compress --method palu`.
struct KeyValueOptions: ParsableArguments {
  @Option(help: "palu: keep a share of the ranks of keys and values, above 0 and at most 1.") var keep: Double?
  @Option(
    help: "palu: keep so much of a cache, as in kv=0.2 of its bytes in 16 bits, or kv=2k bytes a token.",
    transform: { try Budget(parsing: $0) })
  var budget: Budget?
  @Option(help: "palu: bits of what is kept: 8, 4, 3 or 2. Default: 16.") var bits: Int?
  @Option(help: "palu: heads that share a basis. Default: the most, up to four, that divide the network's.")
  var group: Int?
  @Option(help: "palu: neighbouring layers that share a latent, made from what the first of them reads.")
  var layers: Int?
  @Option(help: "palu: values of a latent that share a grid. Default: all of a group of heads.") var latentGroup: Int?
  @Option(help: "palu: ranks are multiples of it. Default: 32, or 8 where a group of heads has fewer than 256 outputs.")
  var step: Int?
  @Option(help: "palu: who gets which rank: uniform, fisher (by gradients) or water-filling (by measured worth).")
  var ranks: KeyValuePlanner.Ranks?
  @Option(help: "palu: a text in UTF-8 that bases are found from; may be repeated.", completion: .file())
  var calibrate: [String] = []
  @Option(help: "palu: windows of the calibration text. Default: 256.") var windows: Int?
  @Option(help: "palu: tokens of a window. Default: 2048, or the network's context.") var window: Int?
  @Option(help: "palu: what spreads a latent over its grid: hadamard, random or none.") var rotation: LatentRotation?
  @Option(help: "palu: eigen or cholesky, which agree.") var route: LowRankDecomposition.Route?
  @Flag(help: "palu: errors of keys count by their queries' energy.") var weighKeys = false
  @Flag(help: "palu: errors of values count by the output layer.") var weighValues = false
  @Option(help: "palu: newest tokens that stay whole in a cache.") var newestWhole: Int?
  @Option(help: "palu: first tokens of a text that stay whole in a cache.") var firstWhole: Int?
  @Option(help: "palu: threads. Default: one for each processor.") var threads: Int?

  /// The first option that was given.
  private var given: String? {
    let all: [(name: String, isGiven: Bool)] = [
      ("--keep", keep != nil), ("--budget", budget != nil), ("--bits", bits != nil), ("--group", group != nil),
      ("--layers", layers != nil),
      ("--latent-group", latentGroup != nil), ("--step", step != nil), ("--ranks", ranks != nil),
      ("--calibrate", !calibrate.isEmpty), ("--windows", windows != nil), ("--window", window != nil),
      ("--rotation", rotation != nil), ("--route", route != nil), ("--weigh-keys", weighKeys),
      ("--weigh-values", weighValues), ("--newest-whole", newestWhole != nil), ("--first-whole", firstWhole != nil),
      ("--threads", threads != nil),
    ]
    return all.first { $0.isGiven }?.name
  }

  func refuse() throws {
    if let given { throw ValidationError("\(given) is for --method palu") }
  }

  /// - Parameter plan: whether a plan says what is kept.
  func check(hasPlan plan: Bool, hasRecipe: Bool) throws {
    guard [plan, keep != nil, budget != nil].count(where: { $0 }) == 1 else {
      throw ValidationError("give one of --keep, --budget and --plan")
    }
    if plan, bits != nil || group != nil || layers != nil || latentGroup != nil || step != nil || ranks != nil {
      throw ValidationError(
        "--plan says ranks and bits itself: leave out --bits, --group, --layers, --latent-group, --step, --ranks")
    }
    if hasRecipe, !calibrate.isEmpty || windows != nil || window != nil {
      throw ValidationError("the recipe says what to calibrate on: leave out --calibrate, --windows, --window")
    }
    if !plan, calibrate.isEmpty, !hasRecipe { throw ValidationError("ranks are found from a text: give --calibrate") }
    if calibrate.isEmpty, windows != nil || window != nil {
      throw ValidationError("--windows and --window are of a text: give --calibrate")
    }
    if let keep, !(keep > 0 && keep <= 1) { throw ValidationError("--keep is above 0 and at most 1") }
    if let budget, budget.quantity != .kv || budget.lower != nil {
      throw ValidationError("\(budget) is no ceiling for a cache: write kv=0.2 or kv=2k")
    }
    let numbers = [
      ("--group", group, 1), ("--layers", layers, 1), ("--latent-group", latentGroup, 1), ("--step", step, 1),
      ("--windows", windows, 1),
      ("--window", window, 2), ("--newest-whole", newestWhole, 0), ("--first-whole", firstWhole, 0),
      ("--threads", threads, 1),
    ]
    for case (let name, let number?, let least) in numbers where number < least {
      throw ValidationError("\(name) is \(least) or more")
    }
    if let bits, !LatentQuantizer.choices.contains(bits) {
      throw ValidationError("--bits is 16, 8, 4, 3 or 2")
    }
  }

  /// A compressor of a network, and what it is to keep.
  func compressor(
    of checkpoint: String, recipe: RecipeText?, data: String?, plan: String?
  ) throws -> (KeyValueCompressor, KeyValueCompressor.Wanted) {
    var compressor = try KeyValueCompressor(LanguageModelFolder(URL(filePath: checkpoint)))
    let context = compressor.source.model.configuration.context
    if let recipe {
      let recipe = try recipe.recipe(as: KeyValueRecipe.self)
      (compressor.calibration, compressor.method) = (recipe.calibration, recipe.method)
      compressor.data = data.map { URL(filePath: $0, directoryHint: .isDirectory) }
    } else if !calibrate.isEmpty {
      compressor.calibration = TextSample(
        calibrate, windows: windows ?? 256, window: window ?? min(2048, context))
    }
    if let rotation { compressor.method.rotation = rotation }
    if let route { compressor.method.route = route }
    if weighKeys { compressor.method.weighsKeys = true }
    if weighValues { compressor.method.weighsValues = true }
    if let newestWhole { compressor.method.whole.newest = newestWhole }
    if let firstWhole { compressor.method.whole.first = firstWhole }
    (compressor.shape.headGroup, compressor.shape.latentGroup, compressor.shape.step) = (group, latentGroup, step)
    compressor.shape.layerGroup = layers ?? 1
    if let plan { return (compressor, .plan(try CompressionPlan(contentsOf: URL(filePath: plan)))) }
    let allowance: RankPlanner.Allowance =
      try keep.map { .share($0) } ?? .bytesPerToken(bytes(of: compressor.source.model.configuration.slots))
    return (compressor, .allowance(allowance, bits: bits, by: ranks ?? .fisher))
  }

  private func bytes(of slots: [Slot]) throws -> Int {
    guard let budget else { return 0 }
    let whole = try CostModel.cacheBytes.total(of: slots, under: CompressionPlan())
    return switch budget.upper {
    case .share(let share): Int(share * Double(whole))
    case .absolute(let bytes): Int(min(bytes, Double(whole)))
    }
  }
}

extension KeyValuePlanner.Ranks: ExpressibleByArgument {}
extension LatentRotation: ExpressibleByArgument {}
extension LowRankDecomposition.Route: ExpressibleByArgument {}
