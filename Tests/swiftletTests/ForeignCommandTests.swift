import Foundation
import SwiftletCheckpoint
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletVision
import SwiftletWorkflows
import TestSupport
import Testing

@testable import swiftlet

/// Foreign folders through the commands.
/// Oracle: scores and preprocessing of transformers and timm, by tools/goldens/foreign.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ForeignCommandTests {
  /// A folder that tools/goldens/foreign.py wrote.
  static func golden(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "SwiftletTrainingTests/Goldens/\(name)")
  }

  /// Checks that a model file gives the library's scores and prepares the library's picture as it does.
  private func check(_ file: ModelFile, against name: String) throws {
    let golden = try Checkpoint.read(from: Self.golden(name).appending(path: "golden.safetensors"))
    func floats(_ key: String) throws -> [Float] { try #require(golden[key]).scalars(as: Float.self) }
    let input = NDArray(try floats("input"), shape: try #require(golden["input"]).shape)
    let scores = try Session(file, threads: 1).run([input])[0].floats
    #expect(zip(scores, try floats("scores")).allSatisfy { abs($0 - $1) < 1e-4 })
    let image = Image(
      width: 41, height: 29, channels: 3, pixels: try #require(golden["picture"]).scalars(as: UInt8.self))
    let prepared = try #require(file.graph.metadata.preprocessing).apply(to: image)
    #expect(zip(prepared, try floats("prepared")).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(prepared.count == (try floats("prepared")).count)
  }

  @Test(arguments: [
    "hf-vit-relu", "hf-deit-sharded", "hf-dinov2", "timm-vit-mean", "timm-deit3", "timm-swin", "timm-vit-oblong",
  ])
  func `a folder is exported as it is, with names and preparation`(name: String) throws {
    let folder = try TemporaryFolder()
    let out = folder.path("model.swiftlet")
    try ExportCommand.parse(["--checkpoint", Self.golden(name).path, "--out", out, "--json"]).run()
    let file = try ModelFile(contentsOf: URL(filePath: out))
    try check(file, against: name)
    #expect(file.graph.metadata.classNames.first == (name.hasPrefix("hf") || name == "timm-vit-mean" ? "tench" : nil))
    #expect(file.graph.metadata.notes[ModelNotes.checkpoint]?.count == 64)
  }

  @Test func `the average and names of a file are exported when asked for`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("a\nb\nc\nd\ne\n".utf8), to: "names.txt")
    let out = folder.path("model.swiftlet")
    try ExportCommand.parse([
      "--checkpoint", Self.golden("averaged").path, "--ema", "--classes", folder.path("names.txt"), "--out", out,
      "--json",
    ]).run()
    let file = try ModelFile(contentsOf: URL(filePath: out))
    #expect(file.graph.metadata.classNames == ["a", "b", "c", "d", "e"])
    let golden = try Checkpoint.read(from: Self.golden("averaged").appending(path: "golden.safetensors"))
    let input = NDArray(try #require(golden["input"]).scalars(as: Float.self), shape: [2, 3, 16, 16])
    let scores = try Session(file, threads: 1).run([input])[0].floats
    let expected = try #require(golden["average"]).scalars(as: Float.self)
    #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  /// 4:4 keeps every weight, so the scores stay the library's through compress and export.
  @Test(arguments: ["hf-swin", "timm-vit-mean-without-norm"])
  func `a folder is compressed, and what comes out is exported`(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("a\nb\nc\nd\ne\n".utf8), to: "names.txt")
    let (out, file) = (folder.path("out"), folder.path("model.swiftlet"))
    try CompressCommand.parse([
      "--checkpoint", Self.golden(name).path, "--pattern", "4:4", "--classes", folder.path("names.txt"), "--out", out,
      "--json",
    ]).run()
    try ExportCommand.parse(["--checkpoint", out, "--out", file, "--json"]).run()
    let exported = try ModelFile(contentsOf: URL(filePath: file))
    try check(exported, against: name)
    #expect(exported.graph.metadata.classNames == ["a", "b", "c", "d", "e"])
  }

  @Test func `weights without a configuration are compressed by a recipe`() throws {
    let folder = try TemporaryFolder()
    let weights = folder.url.appending(path: "vit.safetensors")
    try FileManager.default.copyItem(
      at: Self.golden("timm-deit3").appending(path: "model.safetensors"), to: weights)
    let configuration = """
      {imageSize: 16, patchSize: 4, width: 16, depth: 2, heads: 4, mlpRatio: 2, classes: 5, positions: patches, layerScale: 1}
      """
    try folder.write(
      Array("{model: {family: deit, configuration: \(configuration)}, data: {kind: files}}".utf8), to: "vit.yaml")
    try folder.write(Array("a\nb\nc\nd\ne\n".utf8), to: "names.txt")
    let arguments = ["--checkpoint", weights.path, "--pattern", "2:4", "--out", folder.path("out"), "--json"]
    do {
      try CompressCommand.parse(arguments).run()
      Issue.record("weights without a recipe were compressed")
    } catch {
      #expect("\(error)".contains("carry no recipe: say with --recipe what network they are"))
    }
    let named = ["--recipe", folder.path("vit.yaml"), "--classes", folder.path("names.txt")]
    try CompressCommand.parse(arguments + named).run()
    let pruned = try TrainedModel(reading: folder.url.appending(path: "out"))
    #expect(pruned.classes == ["a", "b", "c", "d", "e"])
    let weight = try #require(pruned.model.stateDictionary()["blocks.0.mlp.fc1.weight"]).scalars(as: Float.self)
    #expect(weight.count { $0 == 0 } == weight.count / 2)
    #expect(throws: (any Error).self) { try CompressCommand.parse(arguments + named + ["--finetune", "x.yaml"]) }
  }

  @Test func `a plan is made for foreign weights too`() throws {
    let folder = try TemporaryFolder()
    try PlanCommand.parse([
      folder.path("plan.json"), "--checkpoint", Self.golden("hf-vit-relu").path, "--uniform", "2:4", "--json",
    ]).run()
    #expect(FileManager.default.fileExists(atPath: folder.path("plan.json")))
  }
}
