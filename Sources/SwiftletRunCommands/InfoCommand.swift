import ArgumentParser
import SwiftletFiles
import SwiftletRuntime
import SwiftletTerminal

/// `info MODEL`: what a model file holds.
public struct InfoCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a model's layers, patterns, precisions, bytes and multiply-adds.")

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Flag(help: "Print one JSON object.")
  var json = false

  public init() {}

  public func run() throws {
    let summary = try ModelSummary(ModelFile(contentsOf: URL(path: model)))
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
    let notes = summary.notes.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
    let width = (head + notes).map { $0[0].count }.max() ?? 0
    let facts = (head + notes).map { row in
      row[0] + String(repeating: " ", count: width - row[0].count) + "  " + row[1]
    }
    let layers =
      [["layer", "outputs", "inputs", "pattern", "type", "bytes", "multiply-adds"]]
      + summary.layers.map {
        [
          $0.name, "\($0.outputs)", "\($0.inputs)", $0.pattern, $0.precision, $0.bytes.byteText,
          $0.multiplyAdds.countText,
        ]
      }
    return facts.joined(separator: "\n") + "\n\n" + table(layers)
  }

  private func classText(_ classes: [String]) -> String {
    let shown = classes.prefix(10).joined(separator: ", ")
    return classes.count > 10 ? "\(classes.count): \(shown), …" : "\(classes.count): \(shown)"
  }
}
