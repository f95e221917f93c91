import ArgumentParser
import Foundation
import SwiftletExport
import SwiftletLanguage
import SwiftletPlans
import SwiftletRuntime
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet export C [--plan P] --precision fp32|bf16|int8|int4 [--activations dynamic] --out model.swiftlet`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a trained network, or a language model, as one model file for the runtime.",
    discussion: """
      Layers whose zeros follow an N:M pattern are packed by it; a plan says so explicitly and is checked. int8 needs \
      calibration images: they come from the recipe's search split, or from its training images if it holds none out, \
      never from the test images. The layer that reads the image and the one that computes the scores stay fp32 in int8 \
      models unless --quantize-ends is given. With --activations dynamic every token gets a grid of its own as the network \
      runs, and no images are needed. int4 stores linear layers in 4 bits a weight; they are multiplied as floats, or in \
      integers with dynamic activations. Before it is written, the model's scores are compared with libtorch's.

      Of a language model's folder, plain or with keys and values that `swiftlet compress --method palu` has made small, \
      weights of int8 and int4 are multiplied in integers with tokens that are rounded as they come, and the file holds the \
      tokenizer and its chat template. Keys and values that no plan has put into few bits are kept as --cache says.
      """)

  enum Precisions: String, ExpressibleByArgument, CaseIterable {
    case fp32, bf16, int8, int4, planned

    func choice(groupSize: Int?) -> ExportPrecision {
      switch self {
      case .int4: .int4(groupSize: groupSize ?? 32)
      case .fp32: .uniform(.fp32)
      case .bf16: .uniform(.bf16)
      case .int8: .uniform(.int8)
      case .planned: .planned
      }
    }
  }

  enum Numbers: String, ExpressibleByArgument, CaseIterable {
    case f16, bf16, f32

    var format: LanguageProgram.Memory.Format {
      switch self {
      case .f16: .float16
      case .bf16: .bfloat16
      case .f32: .float32
      }
    }
  }

  @Argument(
    help: """
      The trained network: model.safetensors of a run, or timm's or Hugging Face's weights, a file or a folder, with \
      --recipe or a config.json beside them; or a language model's folder.
      """)
  var source: String?
  @Option(help: "The same, by name.") var checkpoint: String?
  @Option(help: "How a language model keeps keys and values that are not in few bits: f16, bf16 or f32. Default: f16.")
  var cache: Numbers?
  @OptionGroup var weights: WeightOptions
  @Option(help: "The classes' names, one a line in the order of the scores. Default: those that the checkpoint knows.")
  var classes: String?
  @Option(help: "The pattern and precision of each layer: a plan file.") var plan: String?
  @Option(help: "The weights' precision: fp32, bf16, int8, int4, or planned for each layer's own in the plan.")
  var precision = Precisions.fp32
  @Option(help: "How inputs become integers: calibrated on images, or dynamic, token by token as the network runs.")
  var activations = ExportActivations.calibrated
  @Option(help: "How many weights share a scale in int4: 32, 64 or 128. Default: 32.") var groupSize: Int?
  @Option(help: "The recipe of weights that carry none.") var recipe: String?
  @Option(help: "Where the recipe's data lies, for int8.") var data: String?
  @Option(help: "Images that int8 ranges are learnt from.") var calibrationImages = 256
  @Option(
    help: """
      How int8 ranges follow from what is seen: measured, which takes for each kind of value the rule that moves the scores \
      least; least-squares, min-max, or a percentile such as 99.99.
      """)
  var range = RangeName(rule: nil)
  @Flag(help: "Take the first and the last layer to int8 or int4 too.") var quantizeEnds = false
  @Flag(help: "Keep attention in floats where its layers are int8: slower, a little more accurate.")
  var floatAttention = false
  @Option(
    name: .customLong("note"), parsing: .singleValue,
    help: ArgumentHelp("Text to keep in the file, as in accuracy=91.2; may be repeated.", valueName: "topic=text"))
  var notes: [String] = []
  @Option(help: "The model file to write.", completion: .file(extensions: ["swiftlet"])) var out: String
  @Flag(help: "Print one JSON object.") var json = false

  private var network: String { source ?? checkpoint ?? "" }

  func validate() throws {
    guard (source == nil) != (checkpoint == nil) else {
      throw ValidationError("give the trained network once: as the argument, or with --checkpoint")
    }
    guard calibrationImages >= 1 else { throw ValidationError("--calibration-images is 1 or more") }
    guard precision != .planned || plan != nil else { throw ValidationError("--precision planned needs --plan") }
    guard groupSize == nil || precision == .int4 else { throw ValidationError("--group-size is for --precision int4") }
    guard groupSize.map(Int4Groups.sizes.contains) ?? true else {
      throw ValidationError("--group-size is 32, 64 or 128")
    }
    guard activations == .calibrated || [.int8, .int4, .planned].contains(precision) else {
      throw ValidationError("--activations dynamic is for --precision int8, int4 or planned")
    }
    guard notes.allSatisfy({ $0.contains("=") }) else { throw ValidationError("--note takes topic=text") }
  }

  func run() throws {
    try prepareOutputs([.modelFile(out)], reading: [network, plan, recipe, classes, data])
    if LanguageModelFolder.isLanguageModel(at: URL(filePath: network)) { return try exportLanguageModel() }
    guard cache == nil else { throw ValidationError("--cache is for language models") }
    var export = ModelExport(of: try weights.source(network, recipe: recipe, classes: classes))
    export.plan = try plan.map { try CompressionPlan(contentsOf: URL(filePath: $0)) }
    export.precision = precision.choice(groupSize: groupSize)
    export.activations = activations
    (export.calibrationImages, export.range) = (calibrationImages, range.rule)
    (export.quantizesEnds, export.quantizesAttention) = (quantizeEnds, !floatAttention)
    export.notes = notesByTopic
    let images = export.needsCalibration ? try export.openData(at: data.map { URL(filePath: $0) }) : nil
    images?.printWarnings()
    let result = try export.write(to: URL(filePath: out), calibratingOn: images)
    printWarnings([result.int8Warning].compactMap(\.self))
    printNotes(result.remarks)
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }
}

extension ExportCommand {
  private var notesByTopic: [String: String] {
    notes.reduce(into: [:]) { topics, note in
      let parts = note.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      topics[String(parts[0])] = String(parts[1])
    }
  }

  private func exportLanguageModel() throws {
    let others: [(String, Bool)] = [
      ("--plan", plan != nil), ("--recipe", recipe != nil), ("--classes", classes != nil), ("--data", data != nil),
      ("--activations", activations != .calibrated), ("--quantize-ends", quantizeEnds),
      ("--float-attention", floatAttention), ("--precision planned", precision == .planned),
    ]
    if let given = others.first(where: \.1)?.0 {
      throw ValidationError("\(given) is not for language models, and \(network) holds one")
    }
    var export = LanguageModelExport(of: try LanguageModelFolder(URL(filePath: network)))
    export.exporter.weights =
      switch precision {
      case .fp32, .planned: .fp32
      case .bf16: .bf16
      case .int8: .int8
      case .int4: .int4(groupSize: groupSize ?? 32)
      }
    if let cache { export.exporter.numbers = cache.format }
    export.exporter.notes = notesByTopic
    let result = try export.write(to: URL(filePath: out))
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }
}

extension ExportActivations: ExpressibleByArgument {}

/// `measured`, `least-squares`, `min-max`, or a percentile in percent.
struct RangeName: ExpressibleByArgument {
  /// Nil is measured.
  let rule: RangeRule?

  init(rule: RangeRule?) { self.rule = rule }

  init?(argument: String) {
    rule = RangeRule(parsing: argument)
    if rule == nil, argument != "measured" { return nil }
  }

  var defaultValueDescription: String { rule.map { "\($0)" } ?? "measured" }
}
