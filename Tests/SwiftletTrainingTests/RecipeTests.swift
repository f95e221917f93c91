import Foundation
import SwiftletModels
import SwiftletRuntime
import Testing

@testable import SwiftletTraining

@Suite struct RecipeTests {
  static let minimal = """
    model:
      family: deit
      configuration: tiny
    data:
      kind: files
    """

  func error(_ yaml: String, _ overrides: [String] = []) -> String {
    do {
      let recipe = try Recipe.parse(yaml, source: "my.yaml", overrides: overrides)
      return "no error: \(recipe)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `absent keys keep their defaults`() throws {
    let recipe = try Recipe.parse(Self.minimal)
    #expect(recipe.training == Recipe.Training())
    #expect(recipe.compression == nil)
  }

  /// Oracle: timm's `transforms_imagenet_eval`, and what evaluation always did without these keys.
  @Test func `pictures are fitted as the recipe says`() throws {
    func fit(_ size: String, _ data: String...) throws -> Graph.Preprocessing {
      try Recipe.parse(
        Self.minimal,
        overrides: ["model.configuration={imageSize: \(size)}"] + data.map { "data.\($0)" }
      ).preprocessing
    }
    #expect(
      try fit("224")
        == Graph.Preprocessing(height: 224, width: 224, resize: .shortestSide(256), interpolation: .bicubic))
    #expect(try fit("32").resize == .stretch)
    #expect(try fit("[96, 128]").resize == .stretch)
    #expect(try fit("224", "cropShare=0.9").resize == .shortestSide(248))
    #expect(try fit("32", "cropShare=0.9", "interpolation=bilinear").interpolation == .bilinear)
    #expect(try fit("32", "cropShare=0.9").resize == .shortestSide(35))
    #expect(try fit("224", "fit=crop").resize == .shortestSide(224))
    #expect(try fit("224", "fit=stretch", "cropShare=0.875").resize == .stretchTo(height: 256, width: 256))
    #expect(try fit("[96, 128]", "cropShare=0.8").resize == .cover(height: 120, width: 160))
    #expect(
      error(Self.minimal, ["data.fit=squash"]) == "--set data.fit=squash: data.fit is 'squash', expected crop, stretch")
    #expect(
      error(Self.minimal, ["data.cropShare=0"])
        == "--set data.cropShare=0: data.cropShare is 0.0, expected 0.1 to 1.0")
  }

  @Test func `an unknown key is refused with its place and the nearest known key`() {
    #expect(
      error(Self.minimal + "\ntraining:\n  epochs: 3\n  learningrate: 0.1\n")
        == "my.yaml:8: training.learningrate is not a known key; did you mean learningRate?")
    #expect(
      error(Self.minimal + "\ntraning: {}\n") == "my.yaml:6: traning is not a known key; did you mean training?")
    #expect(
      error(Self.minimal + "\ntraining:\n  optimizer: {kind: sgd, beta1: 0.9}\n")
        == "my.yaml:7: training.optimizer.beta1 is not a known key; known keys are kind, momentum, nesterov")
  }

  @Test func `an override with an unknown key is refused`() {
    #expect(
      error(Self.minimal, ["training.epoch=3"])
        == "--set training.epoch=3: training.epoch is not a known key; did you mean epochs?")
    #expect(
      error(Self.minimal, ["epochs"])
        == "--set epochs: epochs is not an override, expected key=value as in training.epochs=2")
  }

  @Test(arguments: [
    ("training.epochs=0", "training.epochs is 0, expected 1 to 10000"),
    ("training.batchSize=-3", "training.batchSize is -3, expected 1 to 65536"),
    ("model.configuration={channels: 4}", "model.configuration.channels is 4, expected 3, for colours, or 1, for grey"),
    (
      "data.deviation=[0.5]",
      "data.deviation has 1 values, expected 3, as model.configuration.channels says: one each for red, green and blue"
    ),
    ("data.mean=[0.1, 0.2]", "data.mean has 2 values, expected 3, for red, green and blue, or 1, for grey"),
    ("training.learningRate=0", "training.learningRate is 0.0, expected above 0.0 and at most 10.0"),
    ("training.learningRate=.nan", "training.learningRate is nan, expected above 0.0 and at most 10.0"),
    ("training.warmupEpochs=31", "training.warmupEpochs is 31.0, expected 0.0 to 30.0"),
    ("training.averageDecay=1", "training.averageDecay is 1.0, expected above 0.0 and below 1.0"),
    ("training.labelSmoothing=1", "training.labelSmoothing is 1.0, expected at least 0.0 and below 1.0"),
    (
      "training.optimizer={kind: sgd, momentum: 0, nesterov: true}",
      "training.optimizer.nesterov needs a momentum above 0"
    ),
    ("training.schedule={kind: step}", "training.schedule.epochs is missing"),
    (
      "training.distillation={temperature: 0}",
      "training.distillation.temperature is 0.0, expected above 0.0 and at most 100.0"
    ),
    ("compression.pattern=5:4", "compression.pattern (the kept weights) is 5, expected 1 to 4"),
    ("compression.pattern=half", "compression.pattern is 'half', expected two numbers as in 2:4"),
    ("training.precision=fp16", "training.precision is 'fp16', expected auto, fp32, bf16"),
    ("training.optimizer.kind=adam", "training.optimizer.kind is 'adam', expected adamw, sgd"),
    ("training.schedule={factor: 0.5}", "training.schedule.kind is missing, expected constant, cosine, step"),
    ("model.configuration=smal", "model.configuration is 'smal', expected tiny, small, base or a mapping with keys"),
    ("model.configuration={widht: 3}", "model.configuration.widht is not a known key; did you mean width?"),
    (
      "model.configuration={width: 10, heads: 3}",
      "model.configuration is refused: width 10 is not a multiple of heads 3: choose heads that divide the width"
    ),
    ("model.family=resnet", "model.family is 'resnet', expected deit, swin"),
    ("data.augmentation.hueJitter=0.6", "data.augmentation.hueJitter is 0.6, expected 0.0 to 0.5"),
    ("supernet.levels=[]", "supernet.levels is empty, expected patterns such as [1:4, 2:4, 4:4]"),
    ("supernet.levels=['2:4', '2:4']", "supernet.levels names a pattern twice"),
    (
      "supernet.sampler={kind: random}",
      "supernet.sampler.kind is 'random', expected uniform, stratified, window, adaptive"
    ),
    ("supernet.sampler={kind: window, minimum: 0.7}", "supernet.sampler.maximum is 0.5, expected 0.7 to 1.0"),
    ("supernet.sampler={kind: window, flatEpochs: 16}", "supernet.sampler.flatEpochs is 16.0, expected 0.0 to 15.0"),
    ("supernet.sampler={kind: stratified, plans: 3}", "supernet.sampler.plans is not a known key; known keys are kind"),
    (
      "supernet={}",
      "supernet learns from its dense network: set training.distillation, as in {weight: 1, temperature: 1}"
    ),
    ("training.distillation={stored: {classes: 3}}", "training.distillation.stored.directory is missing"),
    ("data.searchFraction=1", "data.searchFraction is 1.0, expected at least 0.0 and below 1.0"),
  ])
  func `values out of range are refused`(override: String, message: String) {
    #expect(error(Self.minimal, [override]) == "--set \(override): " + message)
  }

  @Test func `mean and deviation are those of the network's channels`() throws {
    let grey = Self.minimal.replacing("configuration: tiny", with: "configuration: {channels: 1}")
    #expect(
      error(grey)
        == "my.yaml:4: data.mean has 3 values, expected 1, as model.configuration.channels says: [0.5] will do for grey"
    )
    let recipe = try Recipe.parse(grey + "\n  mean: [0.5]\n  deviation: [0.25]\n")
    #expect(recipe.evaluationPipeline.normalization.channels == 1)
  }

  @Test func `wrong types are refused in plain words`() {
    #expect(
      error(Self.minimal, ["training.epochs=ten"])
        == "--set training.epochs=ten: training.epochs is 'ten', expected a whole number")
    #expect(
      error(Self.minimal, ["training.learningRate=[1]"]).hasSuffix(
        "training.learningRate is a list, expected a single value")
    )
    #expect(error(Self.minimal, ["training=3"]).hasSuffix("training is '3', expected a mapping with keys"))
    #expect(error("- 1").hasSuffix("my.yaml: is not a mapping of sections such as model and training"))
    #expect(error("model: [").hasPrefix("my.yaml:"))
    #expect(error(Self.minimal + "\ndata: {kind: files}\n").contains("appears twice"))
  }

  @Test func `overrides reach into sections, and create them`() throws {
    let recipe = try Recipe.parse(
      Self.minimal,
      overrides: [
        "training.epochs=7", "training.optimizer.kind=sgd", "compression.pattern=1:4", "training.clipNorm=2.5",
      ])
    #expect(recipe.training.epochs == 7)
    #expect(recipe.training.optimizer == .sgd(momentum: 0.9, nesterov: false))
    #expect(recipe.compression?.pattern == SparsityPattern(keeping: 1, of: 4))
    #expect(recipe.training.clipNorm == 2.5)
  }

  @Test func `a Swin is described by its own keys`() throws {
    let swin = Self.minimal.replacing("family: deit", with: "family: swin")
    let recipe = try Recipe.parse(
      swin, overrides: ["model.configuration={depths: [2, 4], heads: [3, 6], windowSize: 4}"])
    var configuration = SwinConfiguration.tiny
    (configuration.depths, configuration.heads, configuration.windowSize) = ([2, 4], [3, 6], 4)
    #expect(recipe.model.configuration == .swin(configuration))
    #expect(try Recipe.parse(recipe.yaml()) == recipe)
    #expect(try Recipe.parse(swin, overrides: ["model.configuration=base"]).model.configuration == .swin(.base))
    #expect(
      error(swin, ["model.configuration={depth: 3}"])
        == "--set model.configuration={depth: 3}: model.configuration.depth is not a known key; did you mean depths?")
    #expect(
      error(swin, ["model.configuration=tiny", "model.initialization=mimetic"])
        == "--set model.initialization=mimetic: model.initialization is 'mimetic', which is for deit; a swin starts as normal"
    )
  }

  /// Law: the resolved recipe reads back as itself.
  @Test func `a resolved recipe reads back equal`() throws {
    let recipe = try Recipe.parse(
      Self.minimal,
      overrides: [
        "training.learningRate=0.1234567890123", "compression.distillation=null", "compression.gradients=sr-ste",
        "training.schedule={kind: step, epochs: 3}", "training.threads=2",
        "training.distillation={weight: 0.5, stored: {directory: somewhere}}",
        "supernet={levels: ['1:8', '4:4'], sampler: {kind: adaptive, plans: 3}, gradients: ste, dense: [blocks.0.mlp.fc1]}",
      ])
    #expect(try Recipe.parse(recipe.yaml()) == recipe)
  }

  @Test func `a missing recipe file is named`() {
    #expect(throws: RecipeError.self) { try Recipe.read(from: URL(filePath: "/no/such.yaml")) }
  }

  /// The recipes of the repository are read, resolved and valid; those of keys and values are no training.
  @Test func `every recipe of the repository is valid`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../recipes").standardized
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "yaml" }
    #expect(!files.isEmpty)
    func check<Task: TrainingTask>(_ task: Task.Type, _ text: RecipeText) throws {
      let recipe = try text.recipe(as: Task.Recipe.self)
      try recipe.validate()
      #expect(try Task.Recipe.parse(recipe.yaml()) == recipe, "\(text.source)")
    }
    for file in files {
      let text = try RecipeText(contentsOf: file)
      guard !text.yaml.contains("\ntask: keys-and-values\n") else { continue }
      try check(TrainingTasks.task(of: text), text)
    }
  }
}
