import ArgumentParser
import SwiftletTerminal
import SwiftletWorkflows

/// `swiftlet tokenize MODEL [TEXT]`: a text as the ids of a model's tokens, or ids as text.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Turn a text into the ids of a model's tokens, or ids into text.",
    discussion: """
      The ids are printed in one line with spaces between them. Bytes that are no UTF-8 are tokens too, as far as the \
      model has tokens for them. --decode reads ids, with spaces, ends of lines or commas between them, and prints their \
      text byte for byte.
      """)

  @Argument(
    help: "A model's folder, a tokenizer.json, a tokenizer.model of SentencePiece, or a GGUF file.", completion: .file()
  )
  var model: String
  @Argument(help: "The text, or - for standard input.", completion: .file()) var text = "-"
  @Flag(help: "Read ids, and print their text.") var decode = false
  @Flag(
    name: .customLong("no-special"),
    help: "Put no token around the text that it does not hold; with --decode leave special tokens out.")
  var noSpecial = false
  @Flag(help: "Print an id a line with its text in quotation marks.") var pieces = false
  @Flag(help: "Print how many tokens there are, and bytes a token.") var count = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    if pieces, count { throw ValidationError("give one of --pieces and --count") }
  }

  func run() throws {
    var request = Tokenization.Request(model: model, input: text)
    (request.decodes, request.keepsSpecialTokens) = (decode, !noSpecial)
    try Tokenization(request).write(as: form) { try StandardOutput.write($0) }
  }

  private var form: Tokenization.Form {
    if json { return .json(count ? [] : pieces ? [.ids, .pieces] : decode ? [.text] : [.ids]) }
    if count { return .count }
    if pieces { return .pieces }
    return decode ? .text : .ids
  }
}
