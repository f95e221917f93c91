/// A text as the token ids that a language model is judged by: stretches that are each read alone, and of which every
/// token but the first is to be foretold.
public struct LanguageText: Hashable, Sendable {
  public let stretches: [[Int]]
  /// The bytes that the foretold tokens stand for; nil where nobody knows the text.
  public let bytes: Double?

  /// - Precondition: no stretch is of fewer than two tokens.
  public init(_ stretches: [[Int]], bytes: Double? = nil) {
    precondition(stretches.allSatisfy { $0.count > 1 }, "LanguageText: a token alone foretells nothing")
    (self.stretches, self.bytes) = (stretches, bytes)
  }

  /// The tokens that are foretold.
  public var targets: Int { stretches.reduce(0) { $0 + $1.count - 1 } }

  /// One text in windows side by side, as published perplexities have it: no stride, no token in front of a window, and the
  /// tail that fills none left out.
  ///
  /// - Parameters:
  ///   - window: tokens of a stretch, of which one less is foretold.
  ///   - limit: takes only so many windows.
  ///   - bytes: of the whole text; those of the tokens that are foretold are taken to be in proportion.
  ///   - leading: tokens in front of the text that are no part of it.
  /// - Throws: ``LanguageTextError/tooShort(tokens:window:)``.
  public static func windows(
    of ids: [Int], window: Int, limit: Int? = nil, bytes: Int? = nil, leading: Int = 0
  ) throws(LanguageTextError) -> LanguageText {
    precondition(window > 1, "LanguageText: a window of \(window) tokens foretells nothing")
    let count = min(ids.count / window, limit ?? .max)
    guard count > 0 else { throw .tooShort(tokens: ids.count, window: window) }
    let stretches = (0..<count).map { Array(ids[$0 * window..<($0 + 1) * window]) }
    let share = Double(count * (window - 1)) / Double(ids.count - leading)
    return LanguageText(stretches, bytes: bytes.map { Double($0) * share })
  }

  /// Documents that are each read alone, from the first token on.
  ///
  /// - Parameters:
  ///   - documents: the ids of each, in front of them the one token that begins a text, and its bytes.
  ///   - window: how many tokens of a document are foretold at most; of a longer one those behind are left out, and its bytes in
  ///     proportion.
  /// - Throws: ``LanguageTextError/noText`` if no document has a token to foretell.
  public static func documents(
    _ documents: [(ids: [Int], bytes: Int)], window: Int
  ) throws(LanguageTextError) -> LanguageText {
    var (stretches, bytes) = ([[Int]](), 0.0)
    for document in documents where document.ids.count > 1 {
      let stretch = Array(document.ids.prefix(window + 1))
      bytes += Double(document.bytes) * Double(stretch.count - 1) / Double(document.ids.count - 1)
      stretches.append(stretch)
    }
    guard !stretches.isEmpty else { throw .noText }
    return LanguageText(stretches, bytes: bytes)
  }

  /// So many of the stretches, evenly spaced; all of them where there are no more.
  public func evenlySpaced(_ count: Int) -> LanguageText {
    guard count < stretches.count else { return self }
    let chosen = (0..<count).map { stretches[$0 * stretches.count / count] }
    let share = Double(chosen.reduce(0) { $0 + $1.count - 1 }) / Double(max(1, targets))
    return LanguageText(chosen, bytes: bytes.map { $0 * share })
  }

  /// - Throws: ``LanguageTextError/unknownToken(_:vocabulary:)``.
  public func check(vocabulary: Int) throws(LanguageTextError) {
    for stretch in stretches {
      if let stranger = stretch.first(where: { !(0..<vocabulary).contains($0) }) {
        throw .unknownToken(stranger, vocabulary: vocabulary)
      }
    }
  }
}
