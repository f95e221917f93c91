import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletMedia
import SwiftletModels
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

@testable import SwiftletTraining

/// Folders as Hugging Face transformers and timm write them.
/// Oracle: the libraries' own scores and preprocessing of random networks, by tools/goldens/foreign.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ForeignWeightsTests {
  static let folders = [
    "hf-vit-relu", "hf-deit-sharded", "hf-dinov2", "hf-swin", "timm-vit-mean", "timm-vit-mean-without-norm",
    "timm-deit3", "timm-deit-distilled", "timm-swin", "timm-vit-oblong",
  ]

  @Test(arguments: folders) func `a folder alone gives the library's scores and preparation`(name: String) throws {
    let golden = try Checkpoint.read(from: Goldens.url(name).appending(path: "golden.safetensors"))
    let trained = try TrainedModel(reading: Goldens.url(name))
    trained.model.evaluate()
    let scores = withNoGradient { trained.model(golden["input"] ?? .zeros([0])) }
    #expect(distance(scores, try #require(golden["scores"])) < 1e-4)
    #expect(trained.classes == (name.hasPrefix("hf") || name == "timm-vit-mean" ? Self.classes : []))
    // Nothing is assumed, for all is said.
    #expect(trained.remarks.allSatisfy { !$0.contains("assumed") }, "\(trained.remarks)")

    let picture = try #require(golden["picture"])
    let image = Image(width: 41, height: 29, channels: 3, pixels: picture.scalars(as: UInt8.self))
    let batches = trained.recipe.evaluationLoader(over: OnePicture(picture: image)).epoch(0)
    let prepared = try #require(try batches.next()).images
    #expect(distance(prepared.squeezed(0), try #require(golden["prepared"])) < 1e-5)
  }

  static let classes = ["tench", "great white shark", "cock", "hen", "house finch"]

  /// The head of what tools/goldens/foreign.py wrote under Lightning's names, and its average.
  @Test func `a checkpoint's average is read when asked for, and the choice is told`() throws {
    let folder = Goldens.url("averaged")
    let golden = try Checkpoint.read(from: folder.appending(path: "golden.safetensors"))
    for (averages, scores, words) in [
      (false, "scores", "holds state_dict, which is read, and state_dict_ema, with --ema"),
      (true, "average", "holds state_dict_ema, which is read, and state_dict, without --ema"),
    ] {
      let trained = try TrainedModel(reading: folder, averages: averages)
      trained.model.evaluate()
      let found = withNoGradient { trained.model(golden["input"] ?? .zeros([0])) }
      #expect(distance(found, try #require(golden[scores])) < 1e-4)
      #expect(trained.remarks.first?.hasSuffix(words) == true, "\(trained.remarks)")
    }
  }

  // MARK: Recipes beside a configuration

  private func error(_ folder: URL, _ recipe: String?, names: URL? = nil) -> String {
    do {
      let text = recipe.map { RecipeText($0, source: "my.yaml") }
      _ = try TrainedModel(reading: folder, recipe: text, classNames: names)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `what a recipe leaves out is taken from the files, and what it states has to agree`() throws {
    let folder = Goldens.url("hf-vit-relu")
    let config = folder.appending(path: "config.json").path
    func recipe(_ configuration: String, _ data: String = "") -> String {
      "model:\n  family: deit\n  configuration: {\(configuration)}\ndata:\n  kind: files\n\(data)"
    }
    let agreeing = try TrainedModel(
      reading: folder,
      recipe: RecipeText(
        recipe("heads: 4, width: 16, activation: relu, normEpsilon: 2.0e-2, mlpRatio: 1.75", "  mean: [0.5, 0.5, 0.5]"))
    )
    let alone = try TrainedModel(reading: folder)
    #expect(agreeing.recipe == alone.recipe && alone.recipe.data.deviation == [0.5, 0.5, 0.5])

    for (stated, part) in [
      ("heads: 8", "model.configuration.heads is 8, but num_attention_heads in \(config) is 4: leave the key out"),
      ("activation: gelu", "model.configuration.activation is gelu, but hidden_act in \(config) is relu"),
      ("normEpsilon: 1.0e-6", "model.configuration.normEpsilon is 1.0e-6, but layer_norm_eps in \(config) is 0.02"),
      ("pooling: mean", "model.configuration.pooling is mean, but model_type in \(config) is classToken"),
      ("classes: 7", "model.configuration.classes is 7, but the rows of classifier.weight in model.safetensors is 5"),
    ] {
      let found = error(folder, recipe(stated))
      #expect(found.hasPrefix("my.yaml:3: ") && found.contains(part), "\(found)")
    }
    #expect(
      error(folder, recipe("heads: 4", "  deviation: [0.2, 0.2, 0.2]\n")).hasPrefix(
        "my.yaml:6: data.deviation is [0.2, 0.2, 0.2], but image_std in "))
    #expect(
      error(folder, "model: {family: swin}\ndata: {kind: files}").contains("model.family is swin, but model_type"))
    #expect(
      error(folder, "model: {family: deit, configuration: small}\ndata: {kind: files}").contains("width is 384, but"))
  }

  @Test func `image size and crop are the recipe's choice, which is told`() throws {
    let trained = try TrainedModel(
      reading: Goldens.url("timm-vit-mean"),
      recipe: RecipeText(
        "{model: {family: deit, configuration: {imageSize: 24}}, data: {kind: files, cropShare: 1, interpolation: bicubic}}"
      ))
    #expect(trained.recipe.model.imageSize == 24)
    let preprocessing = trained.recipe.preprocessing
    #expect((preprocessing.height, preprocessing.width) == (24, 24))
    #expect(preprocessing.resize == .shortestSide(24) && preprocessing.interpolation == .bicubic)
    for words in [
      "imageSize is 24 by the recipe, model_args.img_size in",
      "data.cropShare is 1 by the recipe, pretrained_cfg.crop_pct",
    ] {
      #expect(trained.remarks.contains { $0.contains(words) }, "\(trained.remarks)")
    }
  }

  @Test func `without a configuration the recipe is needed, and what it assumes is told`() throws {
    let folder = try TemporaryFolder()
    let weights = folder.url.appending(path: "model.safetensors")
    try FileManager.default.copyItem(at: Goldens.url("timm-vit-mean").appending(path: "model.safetensors"), to: weights)
    #expect(
      error(weights, nil)
        == "\(weights.path) holds weights that carry no recipe: say with --recipe what network they are, or put the "
        + "config.json of timm or Hugging Face beside them")
    let recipe = """
      model:
        family: deit
        configuration: {imageSize: 16, patchSize: 4, width: 16, depth: 2, heads: 4, mlpRatio: 2, classes: 5, pooling: mean, finalNorm: pooled}
      data: {kind: files}
      """
    let trained = try TrainedModel(reading: weights, recipe: RecipeText(recipe))
    #expect(
      trained.remarks == [
        "no file beside model.safetensors says so, so the recipe's values are assumed: pooling mean, activation gelu, "
          + "4 heads, norm epsilon 1e-06, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225"
      ])
    // Some other program's file changes nothing, and that is told.
    try folder.write(Array("{\"learning_rate\": 0.1}".utf8), to: "config.json")
    let beside = try TrainedModel(reading: weights, recipe: RecipeText(recipe))
    #expect(beside.remarks.first?.contains("names neither a model_type nor an architecture") == true)
    #expect(error(weights, nil).contains("carry no recipe"))
  }

  @Test func `class names come from a file, one a line`() throws {
    let (folder, model) = (try TemporaryFolder(), Goldens.url("timm-deit3"))
    func names(_ text: String) throws -> URL {
      try folder.write(Array(text.utf8), to: "names.txt")
      return folder.url.appending(path: "names.txt")
    }
    let trained = try TrainedModel(reading: model, classNames: try names("a\nb c\r\nd\n é\nf\n\n"))
    #expect(trained.classes == ["a", "b c", "d", "é", "f"])
    let path = folder.path("names.txt")
    #expect(error(model, nil, names: try names("a\nb\n")) == "\(path) names 2 classes, the network's head has 5")
    #expect(error(model, nil, names: try names("a\n\nb\nc\nd\n")) == "\(path) has no name in line 2")
    #expect(error(model, nil, names: folder.url.appending(path: "none")) == "\(folder.path("none")) is not there")
  }

  // MARK: Files that lie

  /// A copy of a golden folder with changed files.
  private func changed(_ name: String, _ file: String, _ change: (String) -> String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for source in try FileManager.default.contentsOfDirectory(at: Goldens.url(name), includingPropertiesForKeys: nil) {
      try FileManager.default.copyItem(at: source, to: folder.url.appending(path: source.lastPathComponent))
    }
    let place = folder.url.appending(path: file)
    let text = change(try String(contentsOf: place, encoding: .utf8))
    try FileManager.default.removeItem(at: place)
    try Data(text.utf8).write(to: place)
    return folder
  }

  @Test(arguments: [
    (
      "hf-vit-relu", "\"hidden_act\": \"relu\"", "\"hidden_act\": \"maxout\"",
      "hidden_act is maxout, which Swiftlet does"
    ),
    ("hf-vit-relu", "\"hidden_size\": 16", "\"hidden_size\": \"16\"", "hidden_size is \"16\", expected a whole number"),
    ("hf-vit-relu", "\"hidden_size\": 16", "\"hidden_size\": 0", "hidden_size is 0, expected a whole number from 1"),
    ("hf-vit-relu", "\"hidden_size\": 16", "\"hidden_size\": 99999999999999999999", "expected a whole number from 1"),
    ("hf-vit-relu", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "choose heads that divide the width"),
    ("hf-vit-relu", "\"image_size\": 16", "\"image_size\": [16]", "image_size is [16], expected the pixels of a side"),
    ("hf-vit-relu", "\"qkv_bias\": false", "\"qkv_bias\": \"no\"", "qkv_bias is \"no\", expected true or false"),
    (
      "hf-vit-relu", "\"layer_norm_eps\": 0.02", "\"layer_norm_eps\": 1e999",
      "1e999 is no value"
    ),
    ("hf-vit-relu", "\"layer_norm_eps\": 0.02", "\"layer_norm_eps\": -1", "normEpsilon -1.0 is not in 1e-20...1"),
    (
      "hf-vit-relu", "\"model_type\": \"vit\"", "\"model_type\": \"convnext\"", "model_type is convnext, which Swiftlet"
    ),
    (
      "hf-vit-relu", "\"model_type\": \"vit\"", "\"model_type\": \"vit\", \"model_type\": 3", "model_type appears twice"
    ),
    (
      "hf-vit-relu", "\"4\": \"house finch\"", "\"5\": \"house finch\"", "id2label has the key 5, expected every number"
    ),
    ("hf-vit-relu", "\"4\": \"house finch\"", "\"04\": 7", "id2label.04 is 7, expected text"),
    ("hf-vit-relu", "\"3\": \"hen\",", "", "id2label has the key 4, expected every number from 0 to 3"),
    (
      "hf-vit-relu", "\"3\": \"hen\",\n    \"4\": \"house finch\"", "\"3\": \"hen\"",
      "names 4 classes, the network's head has 5"
    ),
    (
      "hf-swin", "\"layer_norm_eps\": 1e-05", "\"layer_norm_eps\": 0.01",
      "layer_norm_eps is 0.01, which Hugging Face's Swin gives to some of its norms"
    ),
    (
      "hf-swin", "\"use_absolute_embeddings\": false", "\"use_absolute_embeddings\": true",
      "has relative positions alone"
    ),
    ("hf-dinov2", "\"use_swiglu_ffn\": false", "\"use_swiglu_ffn\": true", "blocks have no gated layers"),
    (
      "timm-vit-mean", "vit_tiny_patch16_224", "vit_tiny_patch16_naflex",
      "architecture is vit_tiny_patch16_naflex, whose"
    ),
    (
      "timm-vit-mean", "\"mlp_ratio\": 2.0", "\"pre_norm\": true",
      "model_args.pre_norm is true, which Swiftlet's networks"
    ),
    (
      "timm-vit-mean", "\"global_pool\": \"avg\",\n    \"act", "\"global_pool\": \"map\",\n    \"act",
      "global_pool is map"
    ),
    ("timm-vit-mean", "\"crop_pct\": 0.7", "\"crop_pct\": 7", "data.cropShare is 7"),
    (
      "timm-vit-mean", "\"crop_mode\": \"center\"", "\"crop_mode\": \"border\"",
      "data.fit is missing: pretrained_cfg.crop_mode"
    ),
    ("timm-vit-mean", "\"model_args\": {", "\"model_args\": [], \"more\": {", "model_args is [], expected an object"),
  ])
  func `a configuration that lies or asks for more than there is is one sentence`(
    name: String, old: String, new: String, part: String
  ) throws {
    let folder = try changed(name, "config.json") { text in
      #expect(text.contains(old), "\(old)")
      return text.replacing(old, with: new, maxReplacements: 1)
    }
    let found = error(folder.url, nil)
    #expect(found.contains(part) && found.contains(folder.url.path) && !found.contains("\n"), "\(found)")
  }

  @Test(arguments: [
    ("hf-vit-relu", "\"do_rescale\": true", "\"do_rescale\": false", "do_rescale and rescale_factor"),
    ("hf-vit-relu", "\"resample\": 2", "\"resample\": 1", "data.interpolation is missing: resample in"),
    ("hf-vit-relu", "\"height\": 16", "\"height\": -16", "size.height is -16, expected a whole number from 1"),
    ("hf-dinov2", "\"do_center_crop\": true", "\"do_center_crop\": false", "size is the shorter side's alone"),
    ("hf-dinov2", "\"shortest_edge\": 20", "\"shortest_edge\": 9", "crop_size 16 is not a share from 0.1 to 1"),
    ("hf-vit-relu", "0.5,\n    0.5,\n    0.5", "0.5", "data.mean"),
    (
      "hf-vit-relu", "{",
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{",
      "nests too deeply"
    ),
    ("hf-vit-relu", "}", "", "damaged"),
  ])
  func `a preprocessor's file that lies or asks for more than there is is one sentence`(
    name: String, old: String, new: String, part: String
  ) throws {
    let folder = try changed(name, "preprocessor_config.json") { $0.replacing(old, with: new, maxReplacements: 1) }
    let found = error(folder.url, nil)
    #expect(found.contains(part) && found.contains(folder.url.path) && !found.contains("\n"), "\(found)")
  }

  @Test(arguments: ["hf-vit-relu", "timm-vit-mean"]) func `files with wrong bytes are read or refused`(name: String)
    throws
  {
    let folder = try changed(name, "config.json") { $0 }
    var random = SplitMix64(seed: 3)
    for file in ["config.json", "preprocessor_config.json"] {
      let place = folder.url.appending(path: file)
      guard let sound = try? Data(contentsOf: place) else { continue }
      let files = try CheckpointFiles(at: folder.url)
      let state = try Checkpoint.read(from: folder.url)
      for _ in 0..<300 {
        var bytes = Array(sound)
        for _ in 0...Int(random.next() % 3) {
          bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        try Data(bytes).write(to: place)
        do {
          let foreign = try ForeignConfiguration(beside: files, holding: state)
          _ = try foreign.map { try RecipeText("data: {kind: files}").recipe(completedBy: $0) }
        } catch {
          let isTyped = error is CheckpointError || error is ForeignConfigurationError || error is RecipeError
          #expect(isTyped && !"\(error)".isEmpty, "\(error)")
        }
      }
      try sound.write(to: place)
    }
  }
}

/// One picture as a data set.
private struct OnePicture: ImageDataset {
  let picture: Image
  var classes: [String] { ["picture"] }
  var count: Int { 1 }
  func label(at index: Int) -> Int { 0 }
  func image(at index: Int) throws -> Image { picture }
}
