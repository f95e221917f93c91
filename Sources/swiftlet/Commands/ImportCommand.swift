import ArgumentParser
import Foundation
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet import MODEL --out FOLDER`: a language model as others publish it becomes a folder that all commands read.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Bring in a language model: Hugging Face, GGUF, llama2.c.",
    discussion: """
      Writes config.json, model.safetensors, tokenizer.json and tokenizer_config.json into a new folder, whatever was \
      read. Of GGUF the types F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K are read. Weights pass \
      through memory a few rows at a time.
      """)

  @Argument(help: "A folder of Hugging Face, a GGUF file, or a model of llama2.c (.bin).", completion: .file())
  var model: String
  @Option(help: "The vocabulary of a llama2.c model: tok.bin. The others carry theirs.", completion: .file())
  var tokenizer: String?
  @Option(
    name: .customLong("dtype"),
    help: "Write all weights as f32, bf16 or f16. Default: as they are in a folder, and f32 from GGUF.")
  var precision: ImportPrecision?
  @Option(help: "The folder to make; it may be there if it is empty.", completion: .directory) var out: String
  @Flag(help: "Print the result as JSON; no progress is shown.") var json = false

  func run() throws {
    let folder = URL(filePath: out)
    _ = try NewFolder(folder)
    var work = try ModelImport(of: URL(filePath: model), tokenizer: tokenizer.map { URL(filePath: $0) })
    work.precision = precision
    let console = ConsoleBar()
    if !json {
      work.observer = { done, total in
        console.draw(
          fraction: Double(done) / Double(max(1, total)), "\(done.byteText) of \(total.byteText)")
      }
    }
    defer { console.clear() }
    let result = try work.write(to: folder)
    console.clear()
    if json { try printJSON(result) } else { try StandardOutput.print(result) }
  }
}

extension ImportPrecision: ExpressibleByArgument {}
