import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletModels
import SwiftletPlans
import SwiftletTensor
import SwiftletText
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletSearch

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct KeyValueSearchTests {
  private static let text = (0..<200).map { "Line \($0) tells that \($0 * 7919 % 1000) sheep went home.\n" }.joined()

  private static let recipe = """
    task: keys-and-values
    calibration: {files: [text], windows: 4, window: 32}
    method: {weighsKeys: true, weighsValues: true}
    levels: {headGroups: [1, 2], shares: [0.25, 0.5, 0.75, 1], step: 2, bits: [2, 4, 8, 16]}
    search: {judged: {files: [text], windows: 3, window: 40}}
    """

  /// A network whose attention looks somewhere.
  private static func network(in folder: TemporaryFolder) throws -> (model: LlamaModel, tokenizer: Tokenizer) {
    try folder.write(Array(text.utf8), to: "text")
    let tokenizer = try BytePairTrainer(vocabularySize: 280).train(on: [text])
    let shape = LlamaConfiguration(
      vocabulary: tokenizer.vocabularySize, width: 32, hidden: 48, layers: 2, heads: 4, keyHeads: 2, context: 64)
    let generator = Generator(seed: 5)
    let model = try LlamaModel(shape, using: generator)
    withNoGradient {
      for (path, tensor) in model.namedParameters() where path.contains("self_attn") || path.contains("embed") {
        _ = tensor.normalInPlace(standardDeviation: 0.3, using: generator)
      }
    }
    return (model, tokenizer)
  }

  private static func search(
    _ overrides: String..., budget: String, _ shape: LlamaConfiguration
  ) throws -> KeyValueSearch {
    try KeyValueSearch(
      .parse(recipe, overrides: overrides), budget: Budget(parsing: budget), of: shape)
  }

  @Test func `ranks and bits are found inside the budget, and better than the same everywhere`() throws {
    let folder = try TemporaryFolder()
    let (model, tokenizer) = try Self.network(in: folder)
    let plan = folder.url.appending(path: "plan.json")
    let search = try Self.search(budget: "kv=0.2..0.3", model.configuration)
    var stages: [KeyValueSearch.Stage] = []
    let found = try search.start(on: model, tokenizer, data: folder.url, plan: plan) { stages.append($0) }
    #expect(stages.last == .compared(slot: 4, of: 4) && stages.contains(.calibrated(batches: 1, of: 1)))
    let written = try CompressionPlan(contentsOf: plan)
    let bytes = try model.slots.reduce(0) { try $0 + CostModel.cacheBytes($1, written[$1.path] ?? LayerChoice()) }
    #expect(found.bytesPerToken == bytes && found.share <= 0.3 && found.share >= 0.2, "\(found)")
    #expect(!found.uniform.isEmpty && found.uniform.allSatisfy { $0.cost <= 38 })
    #expect(found.uniform.allSatisfy { $0.score.divergence >= found.score.divergence }, "\(found)")
    // The uncompressed network, four sensitivities, the answer, and the uniform plans.
    #expect(found.measured == 6 + found.uniform.count && found.evaluations == found.measured)
    #expect("\(found)".contains("of 16 bits") && "\(found)".contains("everywhere rank"))
    #expect(found.uniform.allSatisfy { $0.level.hasSuffix(" bits") && !$0.level.contains("keys") }, "\(found)")
    #expect(written.method == "eigen, hadamard rotation, weighed keys and values")

    // Law: the score is that of the network as it is compressed to the plan.
    let statistics = try model.keyValueStatistics(
      on: search.recipe.calibration.text(
        below: folder.url, by: tokenizer, context: 64
      ).tensors)
    let small = try model.decomposed(
      to: written, with: KeyValueDecompositions(of: model, for: statistics, by: search.recipe.method))
    let judged = try LanguageEvaluation(
      of: small, against: model,
      on: search.recipe.search.judged.text(below: folder.url, by: tokenizer, context: 64))
    #expect(abs((judged.divergence?.mean ?? 0) - found.score.divergence) <= 1e-6 * found.score.divergence + 1e-9)

    // What is known is not measured again.
    let again = try search.start(on: model, tokenizer, data: folder.url, plan: plan)
    #expect(again.measured == 0 && again.score == found.score)
    #expect(try CompressionPlan(contentsOf: plan) == written)
  }

  @Test func `a whole cache can be asked for, and less than there is not`() throws {
    let folder = try TemporaryFolder()
    let (model, tokenizer) = try Self.network(in: folder)
    let all = try Self.search("levels.keepsProjections=false", budget: "kv=1", model.configuration)
    let found = try all.start(
      on: model, tokenizer, data: folder.url, plan: folder.url.appending(path: "all.json"))
    #expect(found.score.divergence < 1e-5, "\(found)")
    let error = #expect(throws: UnmetBudgetError.self) { try Self.search(budget: "kv=0.01", model.configuration) }
    #expect(error?.description.contains("no plan meets kv=0.01") ?? false)
  }

  /// Law: a rate times the energy that is dropped is the divergence that a projection causes alone.
  @Test func `an exchange rate is what a unit of error does to the forecasts`() throws {
    let folder = try TemporaryFolder()
    let (model, tokenizer) = try Self.network(in: folder)
    let text = try TextSample(["text"], windows: 3, window: 40).text(below: folder.url, by: tokenizer, context: 64)
    let decompositions = KeyValueDecompositions(
      of: model, for: try model.keyValueStatistics(on: text.tensors), remembers: true)
    let evaluator = try ForecastEvaluator(of: model, decompositions, calibratedOn: text, judgedBy: text)
    let found = try evaluator.exchangeRates(of: model.slots, share: 0.5, headGroup: 1)
    let path = "model.layers.1.self_attn.v_proj"
    let energies = try #require(found.energies[path])
    let parts = try decompositions.parts(ofLayer: 1, .values, headGroup: 1)
    #expect(energies == RankPlanner.energies(of: parts) && energies.count == 8)
    let alone = try evaluator.score(of: CompressionPlan([path: LayerChoice(rank: 4, headGroup: 1)])).divergence
    let rate = try #require(found.costs[path])
    #expect(alone > 0 && abs(rate * energies[4...].reduce(0, +) - alone) <= 1e-9 * alone)
    #expect(Set(found.costs.keys) == Set(model.slots.filter(\.kind.isCached).map(\.path)))
  }

  @Test func `a network that was compressed before is not searched`() throws {
    let folder = try TemporaryFolder()
    let (model, tokenizer) = try Self.network(in: folder)
    let path = "model.layers.0.self_attn.k_proj"
    try model.decompose(
      to: CompressionPlan([path: LayerChoice(rank: 4, headGroup: 1)]),
      for: model.keyValueStatistics(on: [Tensor([1, 2, 3] as [Int64], shape: [1, 3])]))
    let search = try Self.search(budget: "kv=0.3", model.configuration)
    #expect(throws: KeyValueSearchError.compressedBefore) {
      try search.start(on: model, tokenizer, data: folder.url, plan: folder.url.appending(path: "plan.json"))
    }
  }

  @Test func `what cannot be searched is refused in one sentence`() throws {
    let folder = try TemporaryFolder()
    let (model, tokenizer) = try Self.network(in: folder)
    func refuses(_ text: String, _ overrides: String..., budget: String = "kv=0.3") {
      let error = #expect(throws: (any Error).self) {
        let recipe = try KeyValueRecipe.parse(Self.recipe, overrides: overrides)
        let search = try KeyValueSearch(recipe, budget: Budget(parsing: budget), of: model.configuration)
        _ = try search.start(
          on: model, tokenizer, data: folder.url, plan: folder.url.appending(path: "none.json"))
      }
      let sentence = error.map { "\($0)" } ?? ""
      #expect(sentence.contains(text) && !sentence.contains("\n"), "\(overrides): \(sentence)")
    }
    refuses("does not limit what a cache keeps", budget: "flops=0.5")
    refuses("levels.bits is [5], expected some of [2, 3, 4, 8, 16]", "levels.bits=[5]")
    refuses("levels.shares is [0.0]", "levels.shares=[0]")
    refuses("2 heads do not fall into groups of 3", "levels.headGroups=[3]")
    refuses("levels.headGroups is [0]", "levels.headGroups=[0]")
    refuses("calibration (text): a window of 65 tokens is longer than the 64", "calibration.window=65")
    refuses("search.judged (text): a window of 66 tokens is longer than the 64", "search.judged.window=66")
    refuses("none.txt", "calibration.files=[none.txt]")
    refuses("calibration.files is missing", "calibration.files=[]")
    try folder.write([0xff, 0xfe, 0x00, 0x41], to: "binary")
    try folder.write(Array(" \n\t".utf8), to: "blank")
    refuses("is no text in UTF-8", "calibration.files=[binary]")
    refuses("holds no text", "search.judged.files=[blank]")
    #expect(!FileManager.default.fileExists(atPath: folder.path("none.json")))
  }

  @Test func `every recipe of the repository for keys and values is valid`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../recipes").standardized
    let texts = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "yaml" }.map { try RecipeText(contentsOf: $0) }
      .filter { $0.isRecipe(for: KeyValueRecipe.self) }
    #expect(texts.count >= 4)
    for text in texts {
      let recipe = try text.recipe(as: KeyValueRecipe.self)
      #expect(try KeyValueRecipe.parse(recipe.yaml()) == recipe, "\(text.source)")
    }
  }

  @Test func `levels are every rank in every number of bits, from cheap to costly`() throws {
    let shape = LlamaConfiguration(vocabulary: 9, width: 32, hidden: 8, layers: 1, heads: 4, keyHeads: 2, context: 8)
    var levels = KeyValueLevels()
    (levels.headGroups, levels.shares, levels.step, levels.bits) = ([1, 2, 3], [0.3, 1], 4, [2, 16])
    let space = try levels.space(over: shape.slots)
    #expect(space.slots.map(\.path) == ["model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj"])
    // 30 % of 8 is one step, of 16 too.
    let expected =
      [1, 2].flatMap { group in
        [4, 8 * group].flatMap { rank in
          [LayerChoice(rank: rank, headGroup: group, keyBits: 2), LayerChoice(rank: rank, headGroup: group)]
        }
      } + [LayerChoice(rank: nil, headGroup: 1, keyBits: 2)]
    #expect(Set(space.slots[0].levels) == Set(expected) && space.slots[0].levels.count == expected.count)
    let slot = try #require(shape.slots.first { $0.kind == .keys })
    let costs = try space.slots[0].levels.map { try CostModel.cacheBytes(slot, $0) }
    #expect(costs == costs.sorted())
    #expect(space.uniformPlans.count == expected.count)
  }
}
