import Foundation
import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
import SwiftletSearch
import SwiftletTensor
import SwiftletText
import SwiftletTraining
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct KeyValueCompressorTests {
  /// Four heads, two of keys and values, of 8 channels, in two layers: a cache of 128 bytes a token in 16 bits.
  private static func compressor(in folder: TemporaryFolder) throws -> KeyValueCompressor {
    let place = try SmallLanguageModel.make(seed: 3, in: folder, named: "dense", heads: 4, layers: 2)
    try folder.write(Array(SmallLanguageModel.text.utf8), to: "text")
    var compressor = try KeyValueCompressor(LanguageModelFolder(URL(filePath: place)))
    compressor.calibration = TextSample([folder.path("text")], windows: 8, window: 32)
    compressor.shape.step = 2
    return compressor
  }

  private static func divergence(of folder: String, _ all: TemporaryFolder) throws -> Double {
    var request = LanguageModelEvaluation.Request(model: folder, text: TextRequest(all.path("text"), window: 40))
    request.reference = all.path("dense")
    return try #require(try LanguageModelEvaluation(request).report.divergence).mean
  }

  @Test(arguments: KeyValuePlanner.Ranks.allCases)
  func `a network is compressed, and every command reads its folder`(ranks: KeyValuePlanner.Ranks) throws {
    let folder = try TemporaryFolder()
    var compressor = try Self.compressor(in: folder)
    compressor.shape.headGroup = 1
    var stages: [KeyValuePlanner.Stage] = []
    compressor.observer = { stages.append($0) }
    let out = folder.url.appending(path: "small")
    let result = try compressor.compress(to: .allowance(.share(0.5), bits: 4, by: ranks), into: out)
    // Half of 64 ranks, and 8 groups of heads with a grid each.
    #expect(result.wholeBytesPerToken == 128 && result.bytesPerToken == 32 * 4 / 8 + 8 * 4)
    #expect(result.gridBytesPerToken == 32 && abs(result.keyRankShare + result.valueRankShare - 1) < 1e-9)
    #expect("\(result)".contains("48 bytes a token of 128 in 16 bits, 0.3750 of them, 32 of them grids"), "\(result)")
    #expect(stages.contains(.calibrated(batches: 1, of: 1)))
    #expect(stages.contains(.differentiated(window: 8, of: 8)) == (ranks == .fisher))
    #expect(stages.contains(.rated(projection: 4, of: 4)) == (ranks == .waterFilling))

    let plan = try CompressionPlan(contentsOf: out.appending(path: "plan.json"))
    #expect(plan.choices.values.reduce(0) { $0 + 2 * ($1.rank ?? 0) } == 32)
    #expect(plan.choices.values.allSatisfy { $0.cacheBits == 4 && $0.headGroup == 1 })
    #expect(plan.method == "eigen, hadamard rotation")
    for name in ["tokenizer.json", "tokenizer_config.json"] {
      let before = try Data(contentsOf: compressor.source.folder.appending(path: name))
      #expect(try Data(contentsOf: out.appending(path: name)) == before)
    }
    #expect(try Self.divergence(of: out.path, folder) > 0)

    // Law: the plan that came out leads to the same network.
    let again = folder.url.appending(path: "again")
    try compressor.compress(to: .plan(plan), into: again)
    let weights = "model.safetensors"
    #expect(
      try Data(contentsOf: again.appending(path: weights)) == Data(contentsOf: out.appending(path: weights)))
  }

  @Test func `a budget of bytes is kept, and all of it gives the network back`() throws {
    let folder = try TemporaryFolder()
    let compressor = try Self.compressor(in: folder)
    let small = try compressor.compress(
      to: .allowance(.bytesPerToken(40), bits: 4, by: .uniform), into: folder.url.appending(path: "small"))
    #expect(small.bytesPerToken <= 40 && small.bytesPerToken > 36, "\(small)")
    // The most heads that divide two, up to four: 16 channels, one grid for each layer's keys, and values.
    #expect(small.gridBytesPerToken == 16)
    try compressor.compress(
      to: .allowance(.share(1), bits: nil, by: .uniform), into: folder.url.appending(path: "all"))
    #expect(try Self.divergence(of: folder.path("all"), folder) < 1e-6)
    // Ranks less than full ones cost something, and so do bits.
    #expect(try Self.divergence(of: folder.path("small"), folder) > 1e-6)
    // Two values share a grid: half of 64 ranks in 4 bits, and 16 grids.
    var fine = compressor
    (fine.shape.headGroup, fine.shape.latentGroup) = (1, 2)
    let grids = try fine.compress(
      to: .allowance(.share(0.5), bits: 4, by: .uniform), into: folder.url.appending(path: "fine"))
    #expect(grids.bytesPerToken == 16 + 64 && grids.gridBytesPerToken == 64)
    #expect(try Self.divergence(of: folder.path("fine"), folder) > 1e-6)
  }

  @Test func `bits alone need no text`() throws {
    let folder = try TemporaryFolder()
    var compressor = try Self.compressor(in: folder)
    compressor.calibration = nil
    let slots = compressor.source.model.slots
    let keys = CompressionPlan.uniform(
      LayerChoice(rank: nil, headGroup: 1, keyBits: 4), layers: slots.filter { $0.kind == .keys }.map(\.path))
    let result = try compressor.compress(to: .plan(keys), into: folder.url.appending(path: "bits"))
    // A text that is given besides is not read.
    var besides = compressor
    besides.calibration = TextSample(["gone"])
    #expect(
      try besides.compress(to: .plan(keys), into: folder.url.appending(path: "besides")).calibrationTokens == 0)
    #expect(result.calibrationTokens == 0 && result.bytesPerToken == 64 + 32 / 2 + 16)
    #expect(try Self.divergence(of: folder.path("bits"), folder) > 0)
    let ranks = CompressionPlan([slots.first { $0.kind == .keys }?.path ?? "": LayerChoice(rank: 4, headGroup: 1)])
    #expect(throws: KeyValueCompressorError.noCalibration) {
      try compressor.compress(to: .plan(ranks), into: folder.url.appending(path: "ranks"))
    }
  }

  @Test func `what cannot be compressed is refused in one sentence, and leaves nothing`() throws {
    let folder = try TemporaryFolder()
    let usual = try Self.compressor(in: folder)
    func refuses(
      _ text: String, _ wanted: KeyValueCompressor.Wanted = .allowance(.share(0.5), bits: 4, by: .uniform),
      into name: String = "none", _ change: (inout KeyValueCompressor) -> Void = { _ in }
    ) {
      var compressor = usual
      change(&compressor)
      let error = #expect(throws: (any Error).self) {
        try compressor.compress(to: wanted, into: folder.url.appending(path: name))
      }
      let sentence = error.map { "\($0)" } ?? ""
      #expect(sentence.contains(text) && !sentence.contains("\n"), "\(sentence)")
    }
    let path = "model.layers.0.self_attn.k_proj"
    refuses("2 heads do not fall into groups of 3") { $0.shape.headGroup = 3 }
    refuses("5 bits are none of 8, 4, 3, 2", .allowance(.share(0.5), bits: 5, by: .uniform))
    refuses("5 bits are none of", .plan(CompressionPlan([path: LayerChoice(rank: 4, headGroup: 1, keyBits: 5)])))
    refuses("a rank of 17 is not within 1 to 16", .plan(CompressionPlan([path: LayerChoice(rank: 17)])))
    refuses("cannot be met", .allowance(.share(0.01), bits: 4, by: .uniform))
    refuses("cannot be met", .allowance(.bytesPerToken(3), bits: 4, by: .fisher))
    refuses("no compressible layer", .plan(CompressionPlan(["elsewhere": LayerChoice(rank: 4)])))
    refuses("makes no sense", .plan(CompressionPlan([path: LayerChoice(rank: 4, valueBits: 4)])))
    refuses("8 values do not fall into groups of 3") {
      $0.shape.latentGroup = 3
      $0.shape.step = 8
    }
    try folder.write([0xff, 0xfe, 0x00, 0x41], to: "binary")
    try folder.write([], to: "empty")
    refuses("is no text in UTF-8") { $0.calibration?.files = [folder.path("binary")] }
    refuses("holds no text") { $0.calibration?.files = [folder.path("empty")] }
    refuses("gone") { $0.calibration?.files = [folder.path("gone")] }
    refuses("longer than the 40") { $0.calibration?.window = 41 }
    refuses("give --calibrate") { $0.calibration = nil }
    let searched = CompressionPlan([path: LayerChoice(rank: 4)], for: "eigen, hadamard rotation, weighed keys")
    refuses("the plan was made for “eigen, hadamard rotation, weighed keys”, and this would be", .plan(searched))
    refuses("is a file", into: "text")
    refuses("holds files already", into: "dense")
    #expect(!FileManager.default.fileExists(atPath: folder.path("none")))

    try usual.compress(
      to: .allowance(.share(0.5), bits: nil, by: .uniform), into: folder.url.appending(path: "small"))
    let twice = #expect(throws: KeyValueCompressorError.self) {
      try KeyValueCompressor(LanguageModelFolder(folder.url.appending(path: "small")))
    }
    #expect(twice?.description.contains("holds low-rank keys and values already") ?? false)
  }
}
