import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct KeyValueComparisonTests {
  /// The cache of the network is 128 bytes a token in 16 bits, 32 channels of keys and of values.
  private static let recipe = """
    task: compare-keys-and-values
    calibration: {files: [text], windows: 4, window: 32}
    judged:
      - {files: [text], windows: 3, window: 40}
      - {files: [other], windows: 1, window: 20}
    searched: {files: [text], windows: 1, window: 40}
    settings:
      - {kind: low-rank, keep: 0.5, bits: 4, headGroup: 1, step: 2}
      - {kind: low-rank, kv: 0.4, bits: 4, headGroup: 2, step: 2, ranks: fisher}
      - {kind: low-rank, keep: 0.5, headGroup: 1, step: 2, ranks: water-filling, sides: values}
      - {kind: whole, keyBits: 4, valueBits: 2}
      - {kind: whole, keyBits: 16, valueBits: 16}
      - {kind: channelwise, bits: 4, block: 16, valueGroup: 8}
      - {kind: searched, kv: 0.4, levels: {headGroups: [1], shares: [0.5, 1], step: 2, bits: [2, 4, 8]}}
    """

  private static func comparison(
    in folder: TemporaryFolder, _ overrides: String...
  ) throws -> KeyValueComparison {
    let place = folder.path("dense")
    if !FileManager.default.fileExists(atPath: place) {
      _ = try SmallLanguageModel.make(seed: 3, in: folder, named: "dense", heads: 4, layers: 2)
      try folder.write(Array(SmallLanguageModel.text.utf8), to: "text")
      try folder.write(Array("Another text, which nobody has read before: 1 2 3 4 5 6 7.".utf8), to: "other")
    }
    return try KeyValueComparison(
      .parse(Self.recipe, overrides: overrides), of: LanguageModelFolder(URL(filePath: place)), data: folder.url)
  }

  @Test func `settings are judged side by side, and what is known is not measured again`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "compared.jsonl")
    let found = try Self.comparison(in: folder).run(keeping: file).results
    #expect(found.count == 7 && found.allSatisfy { $0.texts.count == 2 })
    #expect(found.map(\.setting) == (try KeyValueComparisonRecipe.parse(Self.recipe).settings))
    // Half of the ranks at 4 bits and eight grids; values alone leave the keys' 64 bytes; a grid of 4 bytes for each of eight
    // heads; nothing is rounded; a grid for each channel and 16 tokens.
    #expect(found[0].bytesPerToken == 16 + 32 && found[0].gridBytesPerToken == 32)
    #expect(found[1].bytesPerToken <= 0.4 * 128)
    #expect(found[2].bytesPerToken < 128 && found[2].bytesPerToken > 64)
    #expect(found[3].bytesPerToken == 16 + 8 + 32)
    #expect(found[4].bytesPerToken == 128 && found[4].texts.allSatisfy { $0.divergence == 0 && $0.agreement == 1 })
    #expect(found[5].bytesPerToken == 32 + 4 * (32.0 / 16 + 4) && found[5].gridBytesPerToken == 24)
    #expect(found[6].bytesPerToken <= 0.4 * 128)
    for result in found where result.setting != found[4].setting {
      #expect(result.texts.allSatisfy { $0.divergence > 0 && $0.perplexity.isFinite }, "\(result.setting)")
    }
    // Law: the same figures as a comparison of two folders.
    var compressor = try KeyValueCompressor(LanguageModelFolder(URL(filePath: folder.path("dense"))))
    compressor.calibration = TextSample([folder.path("text")], windows: 4, window: 32)
    (compressor.shape.headGroup, compressor.shape.step) = (1, 2)
    try compressor.compress(
      to: .allowance(.share(0.5), bits: 4, by: .uniform), into: folder.url.appending(path: "small"))
    var request = LanguageModelEvaluation.Request(
      model: folder.path("small"), text: TextRequest(folder.path("other"), window: 20, limit: 1))
    request.reference = folder.path("dense")
    let divergence = try #require(try LanguageModelEvaluation(request).report.divergence)
    #expect(abs(found[0].texts[1].divergence - divergence.mean) <= 1e-4 * divergence.mean)

    let before = try Data(contentsOf: file)
    #expect(try Self.comparison(in: folder).run(keeping: file).results == found)
    #expect(try Data(contentsOf: file) == before)
    let fewer = try Self.comparison(in: folder, "settings=[{kind: whole, keyBits: 4, valueBits: 2}]")
    #expect(try fewer.run(keeping: file).results == [found[3]])
    let table = KeyValueComparisonTable(found).description
    #expect(table.contains("low rank 0.5, 4 bits, heads by 1, steps of 2, uniform") && table.contains("as it is"))
  }

  /// Oracle O15 on a really trained network: less that is kept loses more, 4 bits cost little, and neither side is free.
  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
  func `stories260K loses more the less is kept`() throws {
    let data = try #require(SharedData.directory).appending(path: "language")
    let folder = try TemporaryFolder()
    _ = try ModelImport(
      of: data.appending(path: "stories260K.bin"), tokenizer: data.appending(path: "tok512.bin")
    ).write(to: folder.url.appending(path: "stories"))
    let stories = try Data(contentsOf: data.appending(path: "tinystories_2MiB.txt"))
    try folder.write([UInt8](stories.prefix(60_000)), to: "calibration")
    try folder.write([UInt8](stories.suffix(40_000)), to: "judged")
    let recipe = try KeyValueComparisonRecipe.parse(
      """
      task: compare-keys-and-values
      calibration: {files: [calibration], windows: 32, window: 256}
      judged: [{files: [judged], windows: 12, window: 512}]
      settings:
        - {kind: low-rank, keep: 1, step: 2}
        - {kind: low-rank, keep: 0.9, step: 2}
        - {kind: low-rank, keep: 0.7, step: 2}
        - {kind: low-rank, keep: 0.5, step: 2}
        - {kind: low-rank, keep: 0.3, step: 2}
        - {kind: low-rank, keep: 1, bits: 4, step: 2}
        - {kind: low-rank, keep: 0.5, sides: keys, step: 2}
        - {kind: low-rank, keep: 0.5, sides: values, step: 2}
      """)
    let found = try KeyValueComparison(
      recipe, of: LanguageModelFolder(folder.url.appending(path: "stories")), data: folder.url
    ).run(keeping: folder.url.appending(path: "compared.jsonl")).results.map { $0.texts[0] }
    #expect(found[0].divergence < 1e-5)
    for (more, less) in zip(found[0...3], found[1...4]) {
      #expect(less.divergence > more.divergence && less.perplexity >= more.perplexity * 0.995)
    }
    #expect(abs(found[5].perplexity - found[0].perplexity) < 0.1, "\(found[5]) \(found[0])")
    #expect(found[6].divergence > 1e-4 && found[7].divergence > 1e-4)
  }

  /// Values beyond 16-bit floats have no grid.
  @Test func `a setting whose scores are no numbers is a result like any other`() throws {
    let folder = try TemporaryFolder()
    let comparison = try Self.comparison(
      in: folder, "settings=[{kind: whole, keyBits: 16, valueBits: 4}, {kind: whole, keyBits: 16, valueBits: 16}]")
    let file = folder.url.appending(path: "compared.jsonl")
    withNoGradient {
      for block in comparison.source.model.blocks {
        (block.attention.value as? Linear).map { _ = $0.weight.mulInPlace(1e8) }
      }
    }
    let found = try comparison.run(keeping: file).results
    #expect(found[0].texts.allSatisfy { $0.divergence.isNaN && $0.perplexity.isNaN && $0.tokens > 0 })
    #expect(found[1].texts.allSatisfy { $0.divergence == 0 })
    let table = KeyValueComparisonTable(found).description
    #expect(table.contains(found[1].texts[0].wholePerplexity.text(decimals: 3)) && table.contains("nan"))
    // It is known the next time.
    let before = try Data(contentsOf: file)
    #expect(try comparison.run(keeping: file).results.count == 2)
    #expect(try Data(contentsOf: file) == before)
  }

  @Test func `exchange rates are measured once for all rotations`() throws {
    let folder = try TemporaryFolder()
    let setting = "{kind: low-rank, keep: 0.5, headGroup: 1, step: 2, ranks: water-filling, method: "
    let methods = ["{}", "{rotation: none}", "{rotation: random, seed: 3}", "{weighsKeys: true}"]
    var comparison = try Self.comparison(
      in: folder, "settings=[\(methods.map { setting + $0 + "}" }.joined(separator: ", "))]")
    var rated = 0
    comparison.observer = { event in
      if case .stage(.rated(projection: 4, of: 4)) = event { rated += 1 }
    }
    let found = try comparison.run(keeping: folder.url.appending(path: "compared.jsonl")).results
    #expect(rated == 2)
    // Nothing is rounded, so that a rotation changes nothing but the last bits of scores.
    for other in found[1...2] {
      #expect(abs(other.texts[0].divergence - found[0].texts[0].divergence) <= 1e-7)
    }
  }

  @Test func `settings that differ have different names`() throws {
    let settings = try KeyValueComparisonRecipe.parse(
      Self.recipe,
      overrides: [
        """
        settings=[{kind: channelwise, block: 16}, {kind: channelwise, block: 16, valueGroup: 8}, \
        {kind: channelwise, block: 8}, {kind: low-rank, keep: 0.5}, {kind: low-rank, keep: 0.5, step: 2}, \
        {kind: low-rank, keep: 0.5, method: {route: cholesky}}, {kind: low-rank, keep: 0.5, method: {seed: 2}}, \
        {kind: searched, kv: 0.4}, {kind: searched, kv: 0.4, levels: {bits: [2, 4]}}, \
        {kind: searched, kv: 0.4, levels: {step: 2}}, {kind: searched, kv: 0.4, levels: {shares: [0.5]}}, \
        {kind: searched, kv: 0.4, levels: {headGroups: [1, 2]}}, {kind: searched, kv: 0.4, levels: {latentGroup: 8}}, \
        {kind: searched, kv: 0.4, levels: {keepsProjections: false}}]
        """
      ]
    ).settings
    #expect(Set(settings.map(\.description)).count == settings.count)
    #expect(settings[12].description == "searched in 0.4 of the bytes, knapsack, grids of 8")
  }

  @Test func `what cannot be compared is refused in one sentence`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "compared.jsonl")
    func refuses(_ text: String, _ overrides: String) {
      let error = #expect(throws: (any Error).self) { try Self.comparison(in: folder, overrides).run(keeping: file) }
      let sentence = error.map { "\($0)" } ?? ""
      #expect(sentence.contains(text) && !sentence.contains("\n"), "\(sentence)")
    }
    refuses("settings is empty", "settings=[]")
    refuses("judged is empty", "judged=[]")
    refuses("settings[0].bits is 5, expected 16, 8, 4, 3 or 2", "settings=[{kind: low-rank, keep: 0.5, bits: 5}]")
    refuses("one of them, and not both", "settings=[{kind: low-rank, keep: 0.5, kv: 0.5}]")
    refuses("one of them, and not both", "settings=[{kind: low-rank}]")
    refuses("nothing says on which text", "searched=null")
    refuses("expected low-rank, whole, channelwise, searched", "settings=[{kind: rotated}]")
    refuses(
      "the setting “low rank in 0.001 of the bytes, 16 bits, uniform” cannot be judged",
      "settings=[{kind: low-rank, kv: 0.001}]")
    refuses("8 values do not fall into groups of 5", "settings=[{kind: channelwise, block: 8, valueGroup: 5}]")
    refuses("settings[0].bits is 16, expected 8, 4, 3 or 2", "settings=[{kind: channelwise, bits: 16}]")
    refuses("settings[0].block is 19: in windows of 20 tokens", "settings=[{kind: channelwise, block: 19}]")
    refuses(
      "judged[1] (other): a window of 41 tokens is longer",
      "judged=[{files: [text], windows: 3, window: 40}, {files: [other], window: 41}]")
    // All settings are looked at before the first is measured.
    refuses(
      "the setting “searched in 0.001 of the bytes, knapsack” cannot be judged: no plan meets",
      "settings=[{kind: whole}, {kind: searched, kv: 0.001}]")
    #expect(!FileManager.default.fileExists(atPath: file.path))
    _ = try Self.comparison(in: folder, "settings=[{kind: whole}]").run(keeping: file)
    refuses("holds results of another network or other texts", "calibration.windows=3")
    try folder.write(Array("mine\n".utf8), to: "compared.jsonl")
    refuses("is no result; remove the file", "calibration.windows=4")
  }
}
