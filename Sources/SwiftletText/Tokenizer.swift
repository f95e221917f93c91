import SwiftletFiles

/// Makes token ids of text and text of ids, by byte pair encoding.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: URL(path: "models/smollm2"))
/// let ids = tokenizer.encode("The capital of France is")
/// print(tokenizer.decode(ids))
/// ```
/// It reads the files of Hugging Face, SentencePiece, GGUF and llama2.c, and gives the ids that their own programs
/// give.
public struct Tokenizer: Sendable {
  var vocabulary: Vocabulary
  /// The merges, first one first, each as `left << 32 | right`.
  var mergeOrder: [UInt64]
  var model: BytePairModel
  var normalization: Normalization
  /// How texts are cut into words.
  public internal(set) var preTokenizer: PreTokenizer
  var added: AddedTokens
  /// Tokens that stand in the files as they are, where the others are spelled in the byte-level alphabet.
  var literals: Set<Int>
  /// The ids around an encoded text.
  var prefix: [Int]
  var suffix: [Int]
  var decoding: Decoding
  /// The token that begins a text, where the model has one.
  public internal(set) var beginning: Int?
  /// The token that ends a text or a turn, where the model has one.
  public internal(set) var end: Int?
  /// The token that fills batches, where the model has one.
  public internal(set) var padding: Int?
  /// How a conversation becomes a text, in Jinja; nil where the files say nothing of it.
  public internal(set) var chatTemplate: String?
  /// Whether the vocabulary allows SentencePiece's text to be cut in front of each `▁` that follows another character,
  /// because no token lies across.
  let cutsAtMarks: Bool
  private let cache = WordCache()

  /// How tokens become bytes.
  enum Decoding: Hashable, Sendable {
    /// Tokens are bytes.
    case bytes
    /// `▁` is a space, `<0x0A>` a byte; one space at the start goes if `dropsFirstSpace`.
    case pieces(dropsFirstSpace: Bool)
    /// `▁` is a space, `<0x0A>` text; the first token loses every `▁` if `dropsFirstMarks`.
    case metaspace(dropsFirstMarks: Bool)
  }

  init(
    vocabulary: Vocabulary, mergeOrder: [UInt64], model: BytePairModel, normalization: Normalization,
    preTokenizer: PreTokenizer, added: [AddedTokens.Token], literals: Set<Int> = [], prefix: [Int] = [],
    suffix: [Int] = [], decoding: Decoding
  ) {
    self.vocabulary = vocabulary
    self.mergeOrder = mergeOrder
    self.model = model
    self.normalization = normalization
    self.preTokenizer = preTokenizer
    self.added = AddedTokens(added, normalize: { normalization($0) })
    self.literals = literals
    self.prefix = prefix
    self.suffix = suffix
    self.decoding = decoding
    cutsAtMarks = !preTokenizer.isByteLevel && !vocabulary.tokens.contains { $0.map(Self.crossesMark) ?? false }
  }

  /// One more than the highest id, added tokens included.
  public var vocabularySize: Int { max(vocabulary.count, (added.tokens.map(\.id).max() ?? -1) + 1) }

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - addsSpecialTokens: whether what the model expects around a text is put there, such as its first token.
  ///     A text that already has it gets no second one.
  ///   - recognizesSpecialTokens: whether `<s>` in the text is the token of that name. Texts of strangers had better be
  ///     encoded without.
  public func encode(_ text: String, addsSpecialTokens: Bool = true, recognizesSpecialTokens: Bool = true) -> [Int] {
    var text = text
    return text.withUTF8 { bytes in
      encode(bytes, addsSpecialTokens: addsSpecialTokens, recognizesSpecialTokens: recognizesSpecialTokens)
    }
  }

  /// The ids of a text in UTF-8. Bytes that are none are kept, as a byte-level model or the tokens of bytes allow.
  public func encode(
    utf8 text: some Sequence<UInt8>, addsSpecialTokens: Bool = true, recognizesSpecialTokens: Bool = true
  ) -> [Int] {
    Array(text).withUnsafeBufferPointer { bytes in
      encode(bytes, addsSpecialTokens: addsSpecialTokens, recognizesSpecialTokens: recognizesSpecialTokens)
    }
  }

  private func encode(
    _ text: UnsafeBufferPointer<UInt8>, addsSpecialTokens: Bool, recognizesSpecialTokens: Bool
  ) -> [Int] {
    var ids = cache.withWords { words in
      var encoder = WordEncoder(tokenizer: self, words: words)
      words = WordCache.Words()  // One owner, so that nothing is copied.
      encoder.encode(text, recognizesSpecial: recognizesSpecialTokens)
      words = encoder.words
      return encoder.ids
    }
    guard addsSpecialTokens else { return ids }
    let endsAlready = ids.suffix(suffix.count) == suffix[...]
    // In place: the ids of a long text take several times its memory.
    if !ids.starts(with: prefix) { ids.insert(contentsOf: prefix, at: 0) }
    if !endsAlready { ids += suffix }
    return ids
  }

  /// The text of ids; bytes that are no UTF-8 become U+FFFD, ids without a token nothing.
  public func decode(_ ids: some Sequence<Int>, skipsSpecialTokens: Bool = false) -> String {
    String(decoding: decodeBytes(ids, skipsSpecialTokens: skipsSpecialTokens), as: UTF8.self)
  }

  /// The bytes of ids.
  public func decodeBytes(_ ids: some Sequence<Int>, skipsSpecialTokens: Bool = false) -> [UInt8] {
    var decoder = TokenDecoder(self, skipsSpecialTokens: skipsSpecialTokens)
    return ids.reduce(into: []) { $0 += decoder.bytes(of: $1) }
  }

  /// The id of a token by its spelling in the model's files, such as `<|im_end|>` or `Ġthe`.
  public func id(of token: String) -> Int? {
    if let special = added.tokens.first(where: { $0.content.utf8.elementsEqual(token.utf8) }) { return special.id }
    guard preTokenizer.isByteLevel else { return vocabulary.id(of: Array(token.utf8)).map(Int.init) }
    if let id = ByteLevelAlphabet.bytes(of: token).flatMap({ vocabulary.id(of: $0) }) { return Int(id) }
    return literals.filter { vocabulary[$0] == Array(token.utf8) }.min()
  }

  /// The spelling of a token in the model's files; nil for an id that has none.
  public func token(_ id: Int) -> String? {
    if let special = added[id] { return special.content }
    return vocabulary.contains(id) ? spelling(of: id) : nil
  }

  /// The spelling of a token of the vocabulary, whether or not it is an added token besides.
  func spelling(of id: Int) -> String {
    guard preTokenizer.isByteLevel, !literals.contains(id) else {
      return String(decoding: vocabulary[id], as: UTF8.self)
    }
    return ByteLevelAlphabet.text(of: vocabulary[id])
  }

  /// Whether a token is no text: a beginning, an end, a role.
  public func isSpecial(_ id: Int) -> Bool { added[id]?.isSpecial ?? false }

  static let space = Array(" ".utf8)
  static let mark = Array("▁".utf8)

  /// Whether a `▁` follows another character.
  private static func crossesMark(_ token: [UInt8]) -> Bool {
    var position = 0
    while position + 3 <= token.count, token[position..<position + 3].elementsEqual(mark) { position += 3 }
    return token[position...].indices.contains { token[$0...].starts(with: mark) }
  }
}
