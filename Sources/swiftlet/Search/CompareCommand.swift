import ArgumentParser
import Foundation
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining
import SwiftletWorkflows

/// `swiftlet compare RECIPE --checkpoint FOLDER --out compared.jsonl`: many ways to make keys and values small, side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Judge many ways to make a language model's keys and values small, side by side.",
    discussion: """
      The recipe lists settings: ranks by several rules in several numbers of bits, whole keys and values in few bits, \
      searches. Each is judged against the uncompressed network on the same texts, and a line of the output holds what it \
      costs and loses. What the output holds already is not measured again, so that Ctrl-C loses one setting's work.
      """)

  @Argument(help: "The recipe.", completion: .file(extensions: ["yaml", "yml"])) var recipe: String
  @Option(help: "The network: a folder of a language model.", completion: .directory) var checkpoint: String
  @Option(help: "Where the recipe's texts lie.", completion: .directory) var data: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the recipe, as in calibration.windows=8; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @Option(help: "Threads. Default: one for each processor.") var threads: Int?
  @Option(help: "The file of results to write, or to go on with.", completion: .file(extensions: ["jsonl"]))
  var out: String
  @Flag(help: "Print the results as JSON; no progress is shown.") var json = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is 1 or more") }
  }

  func run() throws {
    try prepareOutputs([.comparedSettings(out)], reading: [recipe, checkpoint, data])
    let recipe = try KeyValueComparisonRecipe.read(from: URL(filePath: recipe), overrides: overrides)
    Torch.setThreads(threads ?? processorCount())
    var comparison = try KeyValueComparison(
      recipe, of: LanguageModelFolder(URL(filePath: checkpoint)), data: data.map { URL(filePath: $0) })
    let (progress, console) = (StageProgress(), ConsoleBar())
    defer { progress.end() }
    if !json {
      comparison.observer = { event in
        switch event {
        case .stage(let stage): progress.show(stage)
        case .search(let stage): progress.show(stage)
        case .read(let tokens, let all): progress.show("tokens read", tokens, of: all)
        case .judged(let result, let number, let all):
          let losses = result.texts.map { "KL \($0.divergence.text(decimals: 5))" }.joined(separator: ", ")
          progress.end()
          console.line("\(number)/\(all)  \(result.setting): \(result.share.text(decimals: 4)) of the bytes, \(losses)")
        }
      }
    }
    let table = try comparison.run(keeping: URL(filePath: out))
    progress.end()
    if json { try printJSON(table) } else { try StandardOutput.print(table) }
  }
}
