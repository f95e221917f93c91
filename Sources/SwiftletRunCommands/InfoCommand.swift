import ArgumentParser
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime
import SwiftletTerminal

/// `info MODEL`: what a model file holds.
public struct InfoCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a model's layers, patterns, precisions, bytes and multiply-adds.",
    discussion: """
      Of a language model a row a layer is printed: of keys and of values the rank, the heads that share a vector, the \
      bits, the numbers that share a scale and an offset, and the bytes that are kept of each token.
      """)

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Option(help: "Tokens of a text whose memory is told. (default: as many as the language model reads)")
  var context: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  public init() {}

  public func run() throws {
    let file = URL(path: model)
    if try ModelContainer.kinds(inFileAt: file).contains(LanguageProgram.kind) {
      let summary = try LanguageModelSummary(contentsOf: file, context: context)
      if json { try printJSON(summary) } else { try StandardOutput.print(summary.text) }
      return
    }
    if context != nil { throw RunUsageError("--context goes with language models, and \(model) is none") }
    let summary = try ModelSummary(ModelFile(contentsOf: file))
    if json { try printJSON(summary) } else { try StandardOutput.print(text(of: summary)) }
  }

  private func text(of summary: ModelSummary) -> String {
    let head = [
      ["model", summary.name], ["inputs", summary.inputs.joined(separator: "; ")],
      ["outputs", summary.outputs.joined(separator: "; ")],
      ["classes", summary.classes.isEmpty ? "unnamed" : classText(summary.classes)],
      ["file", "\(summary.fileBytes.byteText), weights \(summary.constantBytes.byteText)"],
      ["dense f32", "\(summary.denseFloatBytes.byteText) of weights"],
      [
        "multiply-adds",
        "\(summary.multiplyAdds.countText) a sample, dense \(summary.denseMultiplyAdds.countText)",
      ],
      ["memory", "\(summary.arenaBytes.byteText) for values at batch 1"],
    ]
    let layers =
      [["layer", "outputs", "inputs", "pattern", "type", "bytes", "multiply-adds"]]
      + summary.layers.map {
        [
          $0.name, "\($0.outputs)", "\($0.inputs)", $0.pattern, $0.precision, $0.bytes.byteText,
          $0.multiplyAdds.countText,
        ]
      }
    return factText(head, notes: summary.notes) + "\n\n" + table(layers)
  }

  private func classText(_ classes: [String]) -> String {
    let shown = classes.prefix(10).joined(separator: ", ")
    return classes.count > 10 ? "\(classes.count): \(shown), …" : "\(classes.count): \(shown)"
  }
}

/// What is said of a model as a whole, a line each, and what its maker noted.
func factText(_ rows: [[String]], notes: [String: String]) -> String {
  let rows = rows + notes.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
  let width = rows.map { $0[0].count }.max() ?? 0
  return rows.map { $0[0] + String(repeating: " ", count: width - $0[0].count) + "  " + $0[1] }.joined(separator: "\n")
}
