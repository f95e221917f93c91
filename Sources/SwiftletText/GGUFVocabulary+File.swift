import SwiftletFiles

extension GGUFVocabulary {
  /// What a file says under `tokenizer.`.
  ///
  /// - Throws: ``TokenizerError`` where it says nothing, `FileError` where it is damaged.
  public init(_ file: GGUFFile) throws {
    let prefix = "tokenizer.ggml."
    guard let model = try file.text(prefix + "model"), let tokens = try file.texts(prefix + "tokens") else {
      throw TokenizerError(
        .missing, "holds no tokenizer: tokenizer.ggml.model and tokenizer.ggml.tokens are looked for")
    }
    self.init(model: model, tokens: tokens)
    preTokenizer = try file.text(prefix + "pre")
    types = try file.integers(prefix + "token_type")
    scores = try file.numbers(prefix + "scores")?.map { Float($0) }
    merges = try file.texts(prefix + "merges")
    beginning = try file.integer(prefix + "bos_token_id")
    end = try file.integer(prefix + "eos_token_id")
    unknown = try file.integer(prefix + "unknown_token_id")
    padding = try file.integer(prefix + "padding_token_id")
    addsBOS = try file.flag(prefix + "add_bos_token")
    addsEOS = try file.flag(prefix + "add_eos_token")
    addsSpacePrefix = try file.flag(prefix + "add_space_prefix")
    chatTemplate = try file.text("tokenizer.chat_template")
  }
}
