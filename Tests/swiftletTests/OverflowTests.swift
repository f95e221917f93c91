import Foundation
import SwiftletCompression
import SwiftletExport
import SwiftletNN
import SwiftletSearch
import SwiftletTensor
import SwiftletWorkflows
import TestSupport
import Testing
import TrainingTestSupport

@testable import SwiftletTraining
@testable import swiftlet

/// Finite weights whose activations overflow: every command says so, and none compares what are no numbers.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct OverflowTests {
  /// The checkpoint of a network whose first MLP makes numbers beyond fp32.
  static func withOverflow(
    blocks: Int = 1, _ body: (_ checkpoint: String, _ directory: URL) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    let recipe = try Recipe.parse(SmallNetwork.yaml, overrides: ["model.configuration.depth=\(blocks)"])
    let model = try recipe.model.make(seed: 1)
    for (path, tensor) in model.namedParameters() where path.hasSuffix("fc1.weight") || path.hasSuffix("fc2.weight") {
      _ = withNoGradient { tensor.mulInPlace(1e25) }
    }
    let checkpoint = folder.url.appending(path: "overflow.safetensors")
    let classes = try recipe.data.open(at: nil, imageSize: 16).training.classes
    try TrainedModel.write(model, recipe: recipe, classes: classes, to: checkpoint)
    try body(checkpoint.path, folder.url)
  }

  @Test(arguments: ["fp32", "bf16"])
  func `export writes nothing`(precision: String) throws {
    try Self.withOverflow { checkpoint, directory in
      let file = directory.appending(path: "\(precision).swiftlet")
      let command = try ExportCommand.parse([
        "--checkpoint", checkpoint, "--precision", precision, "--out", file.path,
      ])
      #expect(throws: ExportCheckError.overflows) { try command.run() }
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }

  @Test(arguments: [
    (1, "the network's scores are infinite or not numbers"),
    (2, "a value at blocks.1.norm1 is infinite or not a number"),
  ])
  func `int8 export names the value that overflows`(blocks: Int, sentence: String) throws {
    try Self.withOverflow(blocks: blocks) { checkpoint, directory in
      let command = try ExportCommand.parse([
        "--checkpoint", checkpoint, "--precision", "int8", "--out", directory.appending(path: "int8.swiftlet").path,
      ])
      let error = #expect(throws: ExportError.self) { try command.run() }
      #expect(error?.description.contains(sentence) == true)
    }
  }

  @Test func `eval compares nothing, alone or against another`() throws {
    try Self.withOverflow { checkpoint, _ in
      for others in [[], ["--against", checkpoint]] {
        let command = try EvalCommand.parse(["--checkpoint", checkpoint, "--threads", "1"] + others)
        #expect(throws: EvalError.scoresNotFinite(model: checkpoint, image: 0)) { try command.run() }
      }
    }
  }

  @Test func `libtorch's evaluation finds nothing right`() throws {
    let recipe = try Recipe.parse(SmallNetwork.yaml)
    let images = try recipe.data.open(at: nil, imageSize: 16).training
    try Self.withOverflow { checkpoint, _ in
      let model = try TrainedModel(reading: URL(filePath: checkpoint)).model
      let evaluation = try Evaluation(of: model, on: recipe.evaluationLoader(over: images))
      #expect(evaluation.correct == 0 && evaluation.loss.isNaN)
    }
  }

  @Test func `a search writes no plan`() throws {
    try Self.withOverflow { checkpoint, directory in
      let recipe = directory.appending(path: "recipe.yaml")
      try Data(SmallNetwork.yaml.utf8).write(to: recipe)
      let plan = directory.appending(path: "plan.json")
      let command = try SearchCommand.parse([
        recipe.path, "--checkpoint", checkpoint, "--budget", "flops=0.5..1", "--set",
        "search={method: {kind: random, count: 2}}", "--json", "--out", plan.path, "--threads", "1",
      ])
      #expect(throws: SearchRunError.scoresNotFinite) { try command.run() }
      #expect(!FileManager.default.fileExists(atPath: plan.path))
    }
  }

  /// The product of the first MLP's weights and inputs is beyond float32, its sums beyond that.
  @Test(arguments: [
    ("wanda", "blocks.0.mlp.fc2"), ("wanda-dense", "blocks.1.attn.qkv"), ("sparsegpt", "blocks.1.attn.qkv"),
  ])
  func `pruning by activations names the layer`(score: String, layer: String) throws {
    try Self.withOverflow(blocks: 2) { checkpoint, directory in
      let command = try CompressCommand.parse([
        "--checkpoint", checkpoint, "--pattern", "2:4", "--score", score, "--out",
        directory.appending(path: score).path, "--json",
      ])
      #expect(throws: PruningError.activationsNotFinite(path: layer)) { try command.run() }
    }
  }
}
