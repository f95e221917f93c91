import Foundation
import SwiftletLanguage

guard CommandLine.arguments.count == 3 else {
  print("usage: TextStream MODEL PROMPT")
  exit(64)
}
do {
  let model = try LanguageModel(contentsOf: URL(filePath: CommandLine.arguments[1]))
  let sampling = SamplingOptions(temperature: 0.8, topP: 0.95)
  for try await piece in model.stream(CommandLine.arguments[2], GenerationOptions(sampling: sampling, maxTokens: 200)) {
    try FileHandle.standardOutput.write(contentsOf: Data(piece.text.utf8))
    if let outcome = piece.outcome { print("\n\(outcome.tokens.count) tokens, ended by \(outcome.ending)") }
  }
} catch {
  print("error: \(error)")
  exit(1)
}
