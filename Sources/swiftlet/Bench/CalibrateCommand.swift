import ArgumentParser
import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletData
import SwiftletExport
import SwiftletFiles
import SwiftletModels
import SwiftletPlans
import SwiftletRunCommands
import SwiftletRuntime
import SwiftletSearch
import SwiftletTensor
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
    let layers = model.multiplyAdds.slots.map(\.path)
    let patterns = levels.values.map(\.pattern)
    for pattern in patterns { try CompressionPlan.uniform(pattern, layers: layers).validate(for: model.multiplyAdds) }
    model.evaluate()
    // Grids only have to be there: what they are changes no time.
    let noise = Tensor.normal([4] + model.inputShape, using: Generator(seed: 1))
    let planned = try PlannedNetwork(
      model, inputShape: model.inputShape, layers: layers,
      calibration: precisions.values.contains(.int8) ? Calibration(batches: [noise], rule: .minMax) : nil)
    let calibration = CPUCalibration(
      levels: patterns, precisions: precisions.values, threads: threads, batch: batch, rounds: rounds)
    let console = ConsoleBar()
    let times = try calibration.measure(
      planned, of: model.multiplyAdds, named: name, on: Machine.description(threads: threads)
    ) { round, rounds in
      if !json { console.draw(fraction: Double(round) / Double(rounds), "round \(round)/\(rounds)") }
    }
    console.clear()

    let file = URL(filePath: out)
    let accelerator = Accelerator(
      name: file.deletingPathExtension().lastPathComponent,
      source: "swiftlet bench calibrate, best of \(rounds) runs in turn", levels: patterns,
      precisions: precisions.values, cost: .measured(times))
    try accelerator.write(to: file)
    let result = CalibrationResult(file: out, times, try compare(calibration, planned, accelerator, model))
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

  /// Draws plans, and times them all in turn.
  private func compare(
    _ calibration: CPUCalibration, _ planned: PlannedNetwork, _ accelerator: Accelerator, _ model: any ImageClassifier
  ) throws -> [CalibrationResult.Check] {
    let layers = model.multiplyAdds.slots.map(\.path)
    let space = SearchSpace(calibration.levels, precisions: calibration.precisions, over: layers)
    let costs = try accelerator.costs(of: space, in: model.multiplyAdds)
    let sampler = UniformSampler(space)
    var random = RandomStream(seed: 1)
    var named = space.uniformPlans.map { levels in
      let choice = space.slots[0].levels[levels[0]]
      return ("uniform \(choice.sparsity) \(choice.format.rawValue)", levels)
    }
    named += (0..<checks).map { ("drawn \($0 + 1)", sampler.levels(using: &random)) }
    let measured = try calibration.milliseconds(of: named.map { space.plan($0.1) }, planned)
    return zip(named, measured).map { plan, measured in
      .init(plan: plan.0, predicted: Double(costs.total(of: plan.1)) / 1e6, measured: measured)
    }
  }
}

/// What was measured, and how well it predicts.
private struct CalibrationResult: Encodable, CustomStringConvertible {
  struct Check: Encodable {
    let plan: String
    /// Milliseconds of a forward pass.
    let predicted, measured: Double
  }

  struct Layer: Encodable {
    let layer, pattern, precision, kernel: String
    let tokens, inputs, outputs, nanoseconds: Int
  }

  let file: String
  let fixed: Int
  let layers: [Layer]
  let checks: [Check]

  init(file: String, _ times: MeasuredTimes, _ checks: [Check]) {
    (self.file, fixed, self.checks) = (file, times.fixed, checks)
    layers = times.layers.map { layer in
      Layer(
        layer: layer.name, pattern: PatternName(pattern: layer.choice.sparsity).description,
        precision: layer.choice.format.rawValue, kernel: layer.kernel, tokens: layer.tokens, inputs: layer.inputs,
        outputs: layer.outputs, nanoseconds: layer.nanoseconds)
    }
  }

  var description: String {
    var table = Table(columns: [
      .text("layer"), .number("inputs"), .number("outputs"), .text("level"), .text("precision"), .number("µs"),
      .text("kernel"),
    ])
    for layer in layers {
      table.append([
        layer.layer, "\(layer.inputs)", "\(layer.outputs)", layer.pattern, layer.precision,
        (Double(layer.nanoseconds) / 1000).text(decimals: 1), layer.kernel,
      ])
    }
    var comparison = Table(columns: [
      .text("plan"), .number("predicted ms"), .number("measured ms"), .number("off by"),
    ])
    for check in checks {
      comparison.append([
        check.plan, check.predicted.text(decimals: 3), check.measured.text(decimals: 3),
        (100 * (check.predicted / check.measured - 1)).text(decimals: 1) + " %",
      ])
    }
    return [
      table.text, "everything else: \((Double(fixed) / 1000).text(decimals: 1)) µs", comparison.text,
      "written to \(file)",
    ].joined(separator: "\n\n")
  }
}
