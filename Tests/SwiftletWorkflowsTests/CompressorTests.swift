import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import TestSupport
import Testing
import TrainingTestSupport

@testable import SwiftletWorkflows

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct CompressorTests {
  static let compression = """

    compression: {pattern: "1:4", epochs: 2, learningRate: 1.0e-3, dense: [blocks.0.attn.proj]}
    """

  /// How many weights of each group of four are left, by layer.
  static func left(in file: URL) throws -> [String: Set<Int>] {
    let model = try TrainedModel(reading: file).model
    return Dictionary(
      uniqueKeysWithValues: model.linearLayers().map { path, layer in
        let weights = layer.weight.scalars(as: Float.self)
        return (
          path, Set(stride(from: 0, to: weights.count, by: 4).map { weights[$0..<$0 + 4].count { $0 != 0 } })
        )
      })
  }

  @Test(arguments: [Recipe.Score.magnitude, .wanda])
  func `pruning once writes exact zeros and the plan`(score: Recipe.Score) throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      var compressor = try Compressor(checkpoint: checkpoint, finetuning: nil, data: nil)
      compressor.plan = .uniform(SparsityPattern(keeping: 2, of: 4), model: compressor.dense)
      compressor.score = score
      let place = RunDirectory(directory.appending(path: "out"))
      let result = try compressor.compress(to: place, resume: false)
      #expect(
        try Self.left(in: place.model) == [
          "blocks.0.attn.qkv": [2], "blocks.0.attn.proj": [2], "blocks.0.mlp.fc1": [2], "blocks.0.mlp.fc2": [2],
          "head": [4],
        ])
      #expect(try CompressionPlan(contentsOf: URL(filePath: result.plan)) == compressor.plan)
      #expect(result.finetunedAccuracy == nil)
      #expect(result.prunedAccuracy != nil)

      // What is left is what was there before.
      let before = try Checkpoint.read(from: checkpoint)
      for (name, tensor) in try Checkpoint.read(from: place.model) {
        let pairs = zip(tensor.scalars(as: Float.self), try #require(before[name]).scalars(as: Float.self))
        #expect(pairs.allSatisfy { $0 == $1 || $0 == 0 }, "\(name)")
      }
      #expect(throws: CompressorError.self) { try compressor.compress(to: place, resume: false) }
    }
  }

  @Test func `sparsegpt moves the weights that stay, and permuted channels compute the same`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      var compressor = try Compressor(checkpoint: checkpoint, finetuning: nil, data: nil)
      compressor.plan = .uniform(SparsityPattern(keeping: 2, of: 4), model: compressor.dense)
      (compressor.score, compressor.calibrationImages) = (.sparseGPT, 16)
      let place = RunDirectory(directory.appending(path: "sparsegpt"))
      _ = try compressor.compress(to: place, resume: false)
      #expect(try Self.left(in: place.model)["blocks.0.mlp.fc2"] == [2])
      let old = try #require(Checkpoint.read(from: checkpoint)["blocks.0.mlp.fc2.weight"]).scalars(as: Float.self)
      let new = try #require(Checkpoint.read(from: place.model)["blocks.0.mlp.fc2.weight"]).scalars(as: Float.self)
      #expect(zip(old, new).contains { $1 != 0 && $0 != $1 })

      // All layers dense: what is left is the order.
      compressor.plan = .uniform(SparsityPattern(keeping: 2, of: 4), layers: ["blocks.0.mlp.fc2"])
      for score in Recipe.Score.allCases {
        (compressor.score, compressor.permutes) = (score, true)
        let result = try compressor.compress(
          to: RunDirectory(directory.appending(path: "permuted-\(score)")), resume: false)
        let (before, after) = (result.keptBeforePermuting, result.keptAfterPermuting)
        #expect(try #require(after) > #require(before))
        #expect("\(result)".contains("in another order of channels"))
      }
    }
  }

  /// A folder sorted by class must not calibrate on its first class alone.
  @Test func `calibration images come from the whole training split`() throws {
    let recipe = try Recipe.parse(SmallNetwork.yaml)
    let images = try recipe.data.open(at: nil, imageSize: 16).training
    #expect(images.evenlySpaced(4).indices == [0, 12, 24, 36])
    #expect(images.evenlySpaced(1000).indices == Array(0..<48))
    #expect(images.evenlySpaced(0).count == 0)
  }

  @Test(arguments: ["masked", "ste", "sr-ste"])
  func `finetuning moves weights, keeps the pattern, and goes on where it stopped`(gradients: String) throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let recipe = try Recipe.parse(
        SmallNetwork.yaml + Self.compression,
        overrides: ["compression.gradients=\(gradients)", "training.averageDecay=0.9"])
      let compressor = try Compressor(checkpoint: checkpoint, finetuning: recipe, data: nil)
      #expect(compressor.plan.paths == ["blocks.0.attn.qkv", "blocks.0.mlp.fc1", "blocks.0.mlp.fc2"])
      let whole = RunDirectory(directory.appending(path: "whole"))
      let result = try compressor.compress(to: whole, resume: false)
      #expect(result.finetunedAccuracy != nil)
      #expect(
        try Self.left(in: whole.model) == [
          "blocks.0.attn.qkv": [1], "blocks.0.attn.proj": [4], "blocks.0.mlp.fc1": [1], "blocks.0.mlp.fc2": [1],
          "head": [4],
        ])
      let once = try Checkpoint.read(from: whole.model)
      #expect(once["head.weight"]?.isEqual(to: try #require(Checkpoint.read(from: checkpoint)["head.weight"])) == false)

      // A finished run that is resumed has nothing left to do.
      let again = try Compressor(checkpoint: checkpoint, finetuning: recipe, data: nil)
      _ = try again.compress(to: whole, resume: true)
      for (name, tensor) in try Checkpoint.read(from: whole.model) {
        #expect(tensor.isEqual(to: try #require(once[name])), "\(name)")
      }
    }
  }

  @Test func `finetuning learns from the teacher that is named`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let recipe = try Recipe.parse(SmallNetwork.yaml + Self.compression)
      let other = directory.appending(path: "other.safetensors")
      let classes = ProceduralShapes(count: 0, seed: 0, side: 16).classes
      try TrainedModel.write(recipe.model.make(seed: 2), recipe: recipe, classes: classes, to: other)
      func head(_ name: String, teacher: URL?) throws -> Tensor {
        var compressor = try Compressor(checkpoint: checkpoint, finetuning: recipe, data: nil)
        if let teacher { try compressor.learn(from: teacher) }
        let place = RunDirectory(directory.appending(path: name))
        _ = try compressor.compress(to: place, resume: false)
        return try #require(Checkpoint.read(from: place.model)["head.weight"])
      }
      let usual = try head("usual", teacher: nil)
      #expect(try head("itself", teacher: checkpoint).isEqual(to: usual))
      #expect(try !head("stranger", teacher: other).isEqual(to: usual))

      let renamed = directory.appending(path: "renamed.safetensors")
      try TrainedModel.write(
        recipe.model.make(seed: 2), recipe: recipe, classes: classes.map { "other \($0)" }, to: renamed)
      #expect(throws: CompressorError.self) { try head("refused", teacher: renamed) }
    }
  }

  @Test func `what does not fit is refused in one sentence`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let plain = try Recipe.parse(SmallNetwork.yaml)
      let other = try Recipe.parse(
        SmallNetwork.yaml + Self.compression, overrides: ["model.configuration.width=64"])
      let stranger = try Recipe.parse(SmallNetwork.yaml + Self.compression, overrides: ["compression.dense=[head]"])
      for (recipe, part) in [(plain, "no compression section"), (other, "width 64"), (stranger, "names head")] {
        let error = #expect(throws: (any Error).self) {
          try Compressor(checkpoint: checkpoint, finetuning: recipe, data: nil)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(part))
      }
      #expect(throws: CheckpointError.self) {
        try Compressor(checkpoint: directory.appending(path: "nowhere"), finetuning: nil, data: nil)
      }

      var indivisible = try Compressor(checkpoint: checkpoint, finetuning: nil, data: nil)
      indivisible.plan = .uniform(SparsityPattern(keeping: 2, of: 5), model: indivisible.dense)
      let place = RunDirectory(directory.appending(path: "out"))
      #expect(throws: CompressionPlanError.self) { try indivisible.compress(to: place, resume: false) }
      #expect(!FileManager.default.fileExists(atPath: place.url.path))
    }
  }

  @Test func `foreign weights are finetuned with a recipe that says what they are`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let recipe = try Recipe.parse(
        SmallNetwork.yaml + Self.compression, overrides: ["compression.epochs=0", "compression.warmupEpochs=0"])
      var state = try Checkpoint.read(from: checkpoint)
      state.metadata = [:]
      let foreign = directory.appending(path: "timm.pth")
      try Checkpoint.write(state, to: foreign)
      let compressor = try Compressor(checkpoint: foreign, finetuning: recipe, data: nil)
      let place = RunDirectory(directory.appending(path: "out"))
      let result = try compressor.compress(to: place, resume: false)
      #expect(result.finetunedAccuracy == nil)
      #expect(try TrainedModel(reading: place.model).classes.count == 10)
      #expect(throws: RunError.self) { try Compressor(checkpoint: foreign, finetuning: nil, data: nil) }
    }
  }
}
