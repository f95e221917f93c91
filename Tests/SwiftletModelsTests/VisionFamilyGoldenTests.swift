import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

@testable import SwiftletModels

/// Oracle: Hugging Face transformers and timm with random weights, by tools/goldens/vit.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct VisionFamilyGoldenTests {
  /// DINOv2 with its classifier under both spellings, with registers and as a backbone; DeiT-III; registers with
  /// positions and quick gelu; no class token, a norm behind the mean, relu and images of 15 x 25 pixels; the mean
  /// behind the norm and gelu through tanh; a norm on the class token alone and silu.
  @Test(arguments: [
    "hf-dinov2", "hf-dinov2-memory", "hf-dinov2-registers", "hf-dinov2-backbone", "timm-deit3", "timm-vit-registers",
    "timm-vit-mean", "timm-vit-mean-norm", "timm-vit-token",
  ])
  func `scores equal the reference's within 1e-4`(name: String) throws {
    let golden = try ForeignGolden(name)
    #expect(distance(try golden.scores(of: golden.configuration), try #require(golden.arrays["scores"])) < 1e-4)
  }

  @Test(arguments: [
    ("hf-dinov2", 24, 24), ("hf-dinov2", 12, 12), ("hf-dinov2", 20, 12), ("hf-dinov2-backbone", 24, 24),
    ("hf-dinov2-backbone", 20, 12), ("timm-deit3", 30, 30), ("timm-deit3", 10, 10), ("timm-deit3", 25, 10),
    ("timm-vit-mean", 30, 30), ("timm-vit-mean", 10, 10), ("timm-vit-mean", 25, 10),
  ])
  func `images of another size see resampled positions, as each library resamples them`(
    name: String, height: Int, width: Int
  ) throws {
    let golden = try ForeignGolden(name)
    var configuration = golden.configuration
    configuration.imageSize = ImageSize(height: height, width: width)
    let scores = try golden.scores(
      of: configuration, suffix: "-\(height)x\(width)", trainedAt: golden.configuration.imageSize)
    #expect(distance(scores, try #require(golden.arrays["scores-\(height)x\(width)"])) < 1e-4)
  }

  @Test func `weights with other parts than the configuration are refused by the part's name`() throws {
    func message(_ name: String, _ change: (inout DeiTConfiguration) -> Void) throws -> String {
      let golden = try ForeignGolden(name)
      var configuration = golden.configuration
      change(&configuration)
      do {
        _ = try VisionTransformer(configuration, golden.weights, from: name)
        return "loaded"
      } catch {
        return "\(error)"
      }
    }
    let registers = "hf-dinov2-registers"
    #expect(
      try message(registers) { $0.registerTokens = 0 }
        == "the weights hold 3 register tokens, the configuration has 0: set registerTokens: 3")
    #expect(
      try message(registers) { $0.positions = .allTokens }
        == "the weights hold positions for the class token and the patches alone: set positions: patches")
    #expect(
      try message("timm-vit-registers") { $0.positions = .patches }
        == "the weights hold a position for every token, not for patches alone: set positions: allTokens")
    #expect(
      try message("timm-deit3") { $0.positions = .allTokens }
        == "the weights hold positions for the patches alone: set positions: patches")
    #expect(
      try message("timm-vit-mean") { $0.classToken = true }
        == "the weights hold no class token: set classToken: false and pooling: mean")
    #expect(
      try message("timm-vit-mean-norm") { $0.classToken = false }
        == "the weights hold a class token, which the configuration leaves out: set classToken: true")
    #expect(
      try message("timm-vit-mean-norm") { $0.finalNorm = .pooled }
        == "the weights hold their last norm in front of the pooling: set finalNorm: tokens")
    #expect(
      try message("timm-vit-mean") { $0.finalNorm = .tokens }
        == "the weights hold their last norm behind the pooling: set finalNorm: pooled")
    #expect(
      try message("timm-deit3") { $0.layerScale = nil }
        == "the weights scale the branches of their blocks: set layerScale: 1e-5, any start will do")
    #expect(
      try message("timm-vit-token") { $0.layerScale = 1 } == "the weights hold no layer scales: leave layerScale out")
    #expect(
      try message("timm-deit-distilled") { $0.distillation = .none }
        == "the weights are distilled, they hold a distillation token: set distillation: head")
    let packed = try ForeignGolden("timm-vit-token")
    var weights = packed.weights
    weights["blocks.0.mlp.fc2.weight"] = .zeros([16, 32])
    let gated = #expect(throws: ConfigurationError.self) {
      try VisionTransformer(packed.configuration, weights, from: "packed")
    }
    #expect(gated?.description.hasPrefix("the weights hold MLPs with a gate (SwiGLU)") == true)
    // 15 positions are no square: nobody says that they were 3 rows of 5.
    #expect(
      try message("timm-vit-mean") { $0.imageSize = 30 }
        == "the weights hold 15 positions, which beside 0 prefix tokens form no square grid of patches: give the image "
        + "size that they were learned for")
  }

  @Test(arguments: [
    "encoder.layer.0.mlp.weights_in.weight", "dinov2.encoder.layer.0.mlp.gate_proj.weight",
    "blocks.0.mlp.fc1_g.weight", "blocks.0.mlp.w12.weight",
  ])
  func `a gated MLP is refused by its name`(name: String) throws {
    let prefix = name.hasPrefix("dinov2.") ? "dinov2." : ""
    var foreign = StateDictionary([(name, Tensor.zeros([2, 2]))])
    if !name.hasPrefix("blocks") {
      foreign[prefix + "embeddings.patch_embeddings.projection.weight"] = .zeros([1])
    }
    let error = #expect(throws: CheckpointError.self) { try KeyMap.visionTransformer(for: foreign)(foreign) }
    #expect(
      error.map { "\($0)" }?.hasSuffix(
        "\(name) belongs to an MLP with a gate (SwiGLU), as DINOv2's giant has it: our blocks have two plain layers")
        == true)
  }
}

/// A golden file with weights under the reference's names.
private struct ForeignGolden {
  let configuration: DeiTConfiguration
  let weights: StateDictionary
  let arrays: [String: Tensor]

  init(_ name: String) throws {
    let file = try Checkpoint.read(from: Goldens.url(name + ".safetensors"))
    configuration = try JSONDecoder().decode(
      DeiTConfiguration.self, from: Data(try #require(file.metadata["configuration"]).utf8))
    arrays = Dictionary(uniqueKeysWithValues: file.part("golden.").map { ($0.name, $0.tensor) })
    weights = StateDictionary(file.filter { !$0.name.hasPrefix("golden.") }.map { ($0.name, $0.tensor) })
  }

  func scores(
    of configuration: DeiTConfiguration, suffix: String = "", trainedAt trainedSize: ImageSize? = nil
  ) throws -> Tensor {
    let model = try VisionTransformer(configuration, weights, from: "the golden file", trainedAt: trainedSize)
    let images = try #require(arrays["input" + suffix])
    return withNoGradient { model(images) }
  }
}
