import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Oracle: Hugging Face transformers and timm with random weights, by tools/goldens/swin.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SwinGoldenTests {
  /// `hf-swin` has shifted windows in two stages. `hf-swin-odd` has maps of 9, 5 and 3 tokens under windows of 2, so that
  /// maps are filled up for windows and for merging. `timm-swin` ends in a map that is smaller than a window.
  @Test(arguments: ["hf-swin", "hf-swin-memory", "hf-swin-odd", "timm-swin", "timm-swin-earlier"])
  func `scores equal the reference's within 1e-4`(name: String) throws {
    let file = try Checkpoint.read(from: Goldens.url(name + ".safetensors"))
    let json = try #require(file.metadata["configuration"])
    let configuration = try JSONDecoder().decode(SwinConfiguration.self, from: Data(json.utf8))
    let foreign = StateDictionary(file.filter { !$0.name.hasPrefix("golden.") }.map { ($0.name, $0.tensor) })
    let model = try SwinTransformer(configuration, using: Generator(seed: 0))
    try model.load(KeyMap.swinTransformer(foreign))
    let scores = withNoGradient { model(file["golden.input"] ?? .zeros([0])) }
    #expect(distance(scores, try #require(file["golden.scores"])) < 1e-4)
  }

  /// Oracle: `state_dict()` of timm's models of the published sizes.
  @Test(arguments: [
    ("swin_tiny_patch4_window7_224", SwinConfiguration.tiny), ("swin_small_patch4_window7_224", .small),
    ("swin_base_patch4_window7_224", .base),
  ])
  func `parameter paths, order and shapes are timm's`(name: String, configuration: SwinConfiguration) throws {
    let data = try Data(contentsOf: Goldens.url("swin-names.json"))
    let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: [[Any]]])
    let model = try SwinTransformer(configuration, using: Generator(seed: 0))
    let own = model.namedParameters().map { "\($0.path) \($0.tensor.shape)" }
    #expect(own == json[name]?.map { entry in "\(entry[0]) \((entry[1] as? [Int]) ?? [])" })
  }

  @Test func `a file of weights loads by itself, and one that does not fit is refused with what is wrong`() throws {
    let golden = Goldens.url("timm-swin-earlier.safetensors")
    let file = try Checkpoint.read(from: golden)
    var configuration = try JSONDecoder().decode(
      SwinConfiguration.self, from: Data(try #require(file.metadata["configuration"]).utf8))
    let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appending(path: "swin.pt")
    try Checkpoint.write(
      StateDictionary(file.filter { !$0.name.hasPrefix("golden.") }.map { ($0.name, $0.tensor) }), to: url)

    let model = try ClassifierConfiguration.swin(configuration).network(weightsAt: url)
    #expect(
      distance(withNoGradient { model(file["golden.input"] ?? .zeros([0])) }, try #require(file["golden.scores"]))
        < 1e-4)
    configuration.heads = [4, 4, 4]
    let error = #expect(throws: ModuleError.self) { try SwinTransformer(configuration, weightsAt: url) }
    #expect(
      error.map { "\($0)" }
        == "layers.0.blocks.0.attn.relative_position_bias_table has shape [25, 2] in swin.pt, the configuration expects [25, 4]"
    )
  }

  /// Oracle: timm, whose `set_input_size` resamples the tables of windows that grow from 4 to 6 tokens a side or shrink
  /// to 3, and which shifts a map before it fills it up. At 27 pixels maps of 9 and 5 tokens lie under windows of 4.
  @Test(arguments: [(27, 4, ""), (45, 6, "45"), (21, 3, "21")])
  func `windows that tile no map, and windows of another size, are timm's under timm's names`(
    side: Int, window: Int, suffix: String
  ) throws {
    let file = try Checkpoint.read(from: Goldens.url("timm-swin-padded.safetensors"))
    var configuration = try JSONDecoder().decode(
      SwinConfiguration.self, from: Data(try #require(file.metadata["configuration"]).utf8))
    (configuration.imageSize, configuration.windowSize) = (ImageSize(side), window)
    let foreign = StateDictionary(file.filter { !$0.name.hasPrefix("golden.") }.map { ($0.name, $0.tensor) })
    let input = try #require(file["golden.input\(suffix)"])
    let expected = try #require(file["golden.scores\(suffix)"])
    func scores(_ padding: SwinConfiguration.WindowPadding?) throws -> Tensor {
      configuration.windowPadding = padding
      let model = try SwinTransformer(configuration, foreign, from: "swin.pt")
      return withNoGradient { model(input) }
    }
    #expect(distance(try scores(nil), expected) < 1e-4)
    #expect(distance(try scores(.afterShift), expected) < 1e-4)
    // The other order is another network, where a map has to be filled up.
    if side == 27 { #expect(distance(try scores(.beforeShift), expected) > 1e-2) }
  }
}
