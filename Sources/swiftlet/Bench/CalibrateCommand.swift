import ArgumentParser
import Foundation
import SwiftletModels
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet bench calibrate --recipe R --out accelerators/this-cpu.yaml`: what each layer costs on this processor.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Measure what every layer costs here at each level and precision.",
    discussion: """
      Writes an accelerator for `swiftlet search --budget ms=… --accelerator FILE`. The network runs under each uniform plan \
      in turn, and the best time of each layer counts, with the norm before it and the attention after it. Then plans are \
      drawn and timed, and predicted beside measured times are printed. The times hold for this processor, network, batch \
      and number of threads.
      """)

  @Option(help: "The network: a recipe; its weights are random, for times do not depend on them.") var recipe: String?
  @Option(help: "The network: model.safetensors of a run, or a folder with weights and their config.json.")
  var checkpoint: String?
  @OptionGroup var weights: WeightOptions
  @Option(help: "Levels, separated by commas.") var levels = ListOption(
    [1, 2, 4].map { PatternName(pattern: SparsityPattern(keeping: $0, of: 4)) })
  @Option(help: "Precisions, separated by commas.") var precisions = ListOption(Precision.allCases)
  @Option(help: "Threads that run the network.") var threads = 1
  @Option(help: "Images in a run.") var batch = 1
  @Option(help: "Times that each plan is run; the best counts.") var rounds = 40
  @Option(help: "Plans to draw and time for the comparison.") var checks = 6
  @Option(help: "The file to write.", completion: .file(extensions: ["yaml"])) var out = "accelerators/this-cpu.yaml"
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (recipe == nil) != (checkpoint == nil) else { throw ValidationError("give --recipe or --checkpoint") }
    guard [threads, batch, rounds].allSatisfy({ $0 >= 1 }), checks >= 0 else {
      throw ValidationError("--threads, --batch and --rounds are 1 or more")
    }
  }

  func run() throws {
    try prepareOutputs([.calibration(out)], reading: [recipe, checkpoint])
    let (model, name) = try network()
    let calibration = CPUCalibration(
      levels: levels.values.map(\.pattern), precisions: precisions.values, threads: threads, batch: batch,
      rounds: rounds)
    let console = ConsoleBar()
    let result = try calibration.accelerator(for: model, named: name, to: URL(filePath: out), checks: checks) {
      if !json { console.draw(fraction: Double($0) / Double($1), "round \($0)/\($1)") }
      if $0 == $1 { console.clear() }
    }
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }

  private func network() throws -> (any ImageClassifier, String) {
    if let checkpoint {
      let source = try weights.source(checkpoint, recipe: nil)
      return (source.model, "\(source.recipe.model)")
    }
    let recipe = try Recipe.read(from: URL(filePath: recipe ?? ""))
    return (try recipe.model.make(seed: recipe.training.seed), "\(recipe.model)")
  }
}
