import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Oracle: Hugging Face transformers and timm with random weights, by tools/goldens/deit.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct DeiTGoldenTests {
  @Test(arguments: ["hf-vit", "hf-vit-odd", "hf-deit", "hf-deit-teacher", "timm-vit", "timm-deit-distilled"])
  func `scores equal the reference's within 1e-4`(name: String) throws {
    let golden = try GoldenModel(name)
    let model = try golden.model()
    let scores = withNoGradient { model(golden.arrays["input"] ?? .zeros([0])) }
    #expect(distance(scores, try #require(golden.arrays["scores"])) < 1e-4)
  }

  @Test(arguments: [24, 12])
  func `images of another size see resampled positions, as Hugging Face resamples them`(size: Int) throws {
    var golden = try GoldenModel("hf-deit-teacher")
    golden.configuration.imageSize = ImageSize(size)
    golden.weights = try golden.configuration.adapting(golden.weights)
    let model = try golden.model()
    let scores = withNoGradient { model(golden.arrays["input\(size)"] ?? .zeros([0])) }
    #expect(distance(scores, try #require(golden.arrays["scores\(size)"])) < 1e-4)
  }

  /// Oracle: `state_dict()` of timm's models of the published sizes.
  @Test(arguments: [
    ("deit_tiny_patch16_224", DeiTConfiguration.tiny, false), ("deit_small_patch16_224", .small, false),
    ("deit_base_distilled_patch16_224", .base, true),
  ])
  func `parameter paths, order and shapes are timm's`(
    name: String, configuration: DeiTConfiguration, distilled: Bool
  ) throws {
    var configuration = configuration
    configuration.distillation = distilled ? .head : .none
    let model = try VisionTransformer(configuration, using: Generator(seed: 0))
    let own = model.namedParameters().map { "\($0.path) \($0.tensor.shape)" }
    #expect(own == (try timmNames()[name]))
  }

  /// Oracle: the published counts in millions (DeiT paper, table 1: 5, 22, 86), here to the digit by timm's shapes.
  @Test func `DeiT-S has 22,050,664 parameters`() throws {
    #expect(try VisionTransformer(.small, using: Generator(seed: 0)).parameterCount == 22_050_664)
  }

  @Test func `a checkpoint that does not fit is refused with its name, its shape and the file's name`() throws {
    let folder = try TemporaryFolder()
    let golden = try GoldenModel("timm-vit")
    let url = folder.url.appending(path: "small.safetensors")
    try Checkpoint.write(golden.weights, to: url)

    let model = try VisionTransformer(golden.configuration, weightsAt: url)
    #expect(distance(model(golden.arrays["input"] ?? .zeros([0])), try #require(golden.arrays["scores"])) < 1e-4)

    func message(_ change: (inout DeiTConfiguration) -> Void) -> String {
      var configuration = golden.configuration
      change(&configuration)
      do {
        _ = try VisionTransformer(configuration, weightsAt: url)
        return "loaded"
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message { $0.classes = 9 }
        == "head.weight has shape [7, 32] in small.safetensors, the configuration expects [9, 32]")
    #expect(message { $0.depth = 3 }.hasPrefix("small.safetensors lacks blocks.2.norm1.weight, blocks.2.norm1.bias"))
    #expect(message { $0.qkvBias = false }.contains("has blocks.0.attn.qkv.bias, blocks.1.attn.qkv.bias, which the"))
    #expect(
      message { $0.distillation = .head }.contains("the weights hold no distillation token: set distillation: none"))
    #expect(message { $0.imageSize = 30 } == "loaded")
  }

  private func timmNames() throws -> [String: [String]] {
    let data = try Data(contentsOf: Goldens.url("timm-names.json"))
    let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: [[Any]]])
    return json.mapValues { $0.map { entry in "\(entry[0]) \((entry[1] as? [Int]) ?? [])" } }
  }
}

/// A golden file: configuration, weights under our names, and the arrays beside them.
struct GoldenModel {
  var configuration: DeiTConfiguration
  var weights: StateDictionary
  var arrays: [String: Tensor] = [:]

  init(_ name: String) throws {
    let file = try Checkpoint.read(from: Goldens.url(name + ".safetensors"))
    let json = try #require(file.metadata["configuration"])
    configuration = try JSONDecoder().decode(DeiTConfiguration.self, from: Data(json.utf8))
    var foreign = StateDictionary()
    for name in file.names {
      if name.hasPrefix("golden.") {
        arrays[String(name.dropFirst("golden.".count))] = file[name]
      } else {
        foreign[name] = file[name]
      }
    }
    weights = try KeyMap.visionTransformer(for: foreign)(foreign)
  }

  func model() throws -> VisionTransformer {
    let model = try VisionTransformer(configuration, using: Generator(seed: 0))
    try model.load(weights)
    return model
  }
}
