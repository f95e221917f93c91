import SwiftletText

extension LanguageText {
  /// A whole text in windows, tokenised once: at most one token that begins a text, in front of it.
  ///
  /// Source: the evaluation that Palu's and most published perplexities of WikiText-2 share.
  public static func windows(
    of text: String, by tokenizer: Tokenizer, window: Int, limit: Int? = nil
  ) throws(LanguageError) -> LanguageText {
    let ids = tokenizer.encode(text)
    let hasLeading = tokenizer.beginning != nil && ids.first == tokenizer.beginning
    return try windows(of: ids, window: window, limit: limit, bytes: text.utf8.count, leading: hasLeading ? 1 : 0)
  }

  /// The documents of a text, each read alone, without the spaces around it, behind the token that begins a text.
  ///
  /// - Parameters:
  ///   - window: how many tokens of a document are foretold at most.
  ///   - limit: takes only so many documents.
  public static func documents(
    of text: String, between separator: String, by tokenizer: Tokenizer, window: Int, limit: Int? = nil
  ) throws(LanguageError) -> LanguageText {
    let parts = LanguageCorpus.parts(of: text, between: separator).prefix(limit ?? .max)
    return try documents(
      parts.map { part in
        var ids = tokenizer.encode(part)
        if let beginning = tokenizer.beginning, ids.first != beginning { ids.insert(beginning, at: 0) }
        return (ids, part.utf8.count)
      }, window: window)
  }
}
