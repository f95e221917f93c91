import SwiftletFiles

/// One turn of a conversation.
public struct ChatMessage: Hashable, Codable, Sendable {
  /// `system`, `user`, `assistant`, or whatever else a template knows.
  public var role: String
  public var content: String

  public init(role: String, content: String) { (self.role, self.content) = (role, content) }
}

extension Tokenizer {
  /// A conversation as the text that the model expects, by its own template.
  ///
  /// The text holds its special tokens, the beginning included;
  /// ``encode(_:addsSpecialTokens:recognizesSpecialTokens:)`` adds no second one.
  ///
  /// - Parameter addsGenerationPrompt: whether the answer's turn is opened at the end.
  /// - Throws: ``TokenizerError`` where there is no template, it uses what is not carried out, or refuses the
  ///   conversation.
  public func render(_ messages: [ChatMessage], addsGenerationPrompt: Bool = true) throws(TokenizerError) -> String {
    guard let chatTemplate else {
      throw TokenizerError(.missing, "the tokenizer has no chat template")
    }
    let template = try ChatTemplate(chatTemplate)
    func token(_ id: Int?) -> TemplateValue { id.flatMap { self.token($0) }.map(TemplateValue.text) ?? .text("") }
    return try template.render([
      "messages": .list(
        messages.map { .object([("role", .text($0.role)), ("content", .text($0.content))]) }),
      "add_generation_prompt": .flag(addsGenerationPrompt), "bos_token": token(beginning), "eos_token": token(end),
      "pad_token": token(padding), "unk_token": token(model.unknown.map(Int.init)), "tools": .null, "documents": .null,
    ])
  }
}
