import Foundation
import SwiftletTensor
import Testing

@testable import SwiftletTraining

/// Law: whatever a recipe says, a run takes a step or throws one sentence; a trap would end the process of the tests.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct HostileRecipeTests {
  private struct Stop: Error {}

  static let numbers = [
    "0", "-1", "1", "0.5", "1.0e-300", "1.0e+300", ".nan", ".inf", "-.inf", "9223372036854775807", "null", "[]", "{}",
    "''",
  ]
  static let keys = [
    "data.searchFraction", "data.splitSeed", "data.mean", "data.deviation", "data.mean=[0.5, 0.5, .nan]",
    "data.deviation=[1.0e-300, 0.5, 0.5]", "data.deviation=[1.0e-38, 0.5, 0.5]", "data.shapes.training=1",
    "data.shapes.training=9", "data.shapes.seed", "data.augmentation", "data.augmentation.crop",
    "data.augmentation.crop={kind: padded, pixels: 1024}", "data.augmentation.crop={kind: padded, pixels: 0}",
    "data.augmentation.crop={kind: resized, minimumArea: 1.0e-300}", "data.augmentation.flip",
    "data.augmentation.randAugment", "data.augmentation.randAugment=rand-m10-mstd1.0e+300-inc1",
    "data.augmentation.randAugment=rand-n15-p1-m0-inc1", "data.augmentation.randAugment=rand-n1.0e+30-inc1",
    "data.augmentation.colorJitter", "data.augmentation.hueJitter", "data.augmentation.erasing",
    "model.configuration.imageSize=8", "model.configuration.dropPath", "training.epochs", "training.batchSize",
    "training.learningRate", "training.weightDecay", "training.optimizer",
    "training.optimizer={kind: sgd, momentum: 0}",
    "training.optimizer={kind: adamw, beta1: 0, beta2: 0, epsilon: 1.0e-300}", "training.schedule",
    "training.schedule={kind: step, epochs: 10000, factor: 1.0e-300}", "training.schedule={kind: step, epochs: 0}",
    "training.schedule={kind: cosine, final: .nan}", "training.warmupEpochs", "training.clipNorm",
    "training.averageDecay", "training.labelSmoothing", "training.mixup", "training.cutmix", "training.distillation",
    "training.precision", "training.device", "training.device=cuda:99999999999999999999", "training.threads",
    "training.workers", "training.seed", "training.logEverySteps", "training.checkpointMinutes", "compression",
    "compression.pattern=64:64", "compression.pattern=0:0", "compression.pattern=1:9223372036854775807",
    "compression.epochs", "compression.learningRate", "compression.warmupEpochs", "compression.dense",
  ]

  @Test(arguments: keys) func `no value of a key traps`(key: String) throws {
    let overrides = key.contains("=") ? [key] : Self.numbers.map { "\(key)=\($0)" }
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let base = try tiny.recipe.yaml()
    for (number, override) in overrides.enumerated() {
      do {
        tiny.recipe = try Recipe.parse(base, overrides: [override])
        let run = try tiny.make("\(number)")
        run.beforeStep = { if $0 == 1 { throw Stop() } }
        try run.start()
      } catch is Stop {
      } catch {
        let sentence = "\(error)"
        #expect(
          !sentence.isEmpty && !sentence.contains("\n") && !sentence.contains("Error Domain"), "\(override): \(error)")
      }
    }
  }
}
