import SwiftletFiles
import SwiftletText

extension LanguageText {
  /// A whole text in windows, tokenised once: at most one token that begins a text, in front of it.
  ///
  /// Source: the evaluation that Palu's and most published perplexities of WikiText-2 share.
  public static func windows(
    of text: String, by tokenizer: Tokenizer, window: Int, limit: Int? = nil
  ) throws(LanguageTextError) -> LanguageText {
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
  ) throws(LanguageTextError) -> LanguageText {
    let parts = Self.parts(of: text, between: separator).prefix(limit ?? .max)
    return try documents(
      parts.map { part in
        var ids = tokenizer.encode(part)
        if let beginning = tokenizer.beginning, ids.first != beginning { ids.insert(beginning, at: 0) }
        return (ids, part.utf8.count)
      }, window: window)
  }

  /// The parts of a text between separators, without the spaces around them; those of spaces alone are left out.
  ///
  /// - Precondition: the separator is not empty.
  public static func parts(of text: String, between separator: String) -> [String] {
    precondition(!separator.isEmpty, "LanguageText.parts: there is no separator")
    let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
    var (parts, start) = ([String](), 0)
    func close(_ end: Int) {
      let part = String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars
        .trimmingPrefix { $0.properties.isWhitespace }
      let count = part.reversed().prefix { $0.properties.isWhitespace }.count
      if count < part.count { parts.append(String(part.dropLast(count))) }
    }
    var place = 0
    while place + mark.count <= bytes.count {
      if bytes[place] == mark[0], bytes[place..<place + mark.count].elementsEqual(mark) {
        close(place)
        (start, place) = (place + mark.count, place + mark.count)
      } else {
        place += 1
      }
    }
    close(bytes.count)
    return parts
  }
}
