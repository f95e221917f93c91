import SwiftletFiles

/// Byte pair encoding as Hugging Face's and GGUF's files write it: tokens with their ids, and merges in order.
struct BytePairVocabulary {
  var tokens: [(text: String, id: Int)] = []
  var merges: [(left: String, right: String)] = []
  var added: [AddedTokens.Token] = []
  var preTokenizer: PreTokenizer
  var normalization = Normalization()
  var decoding = Tokenizer.Decoding.bytes
  var unknown: String?
  var fusesUnknown = false
  var fallsBackToBytes = false
  var takesWholeWords = false
  var prefix: [Int] = []
  var suffix: [Int] = []

  init(preTokenizer: PreTokenizer) { self.preTokenizer = preTokenizer }

  /// The two sides of `left right`.
  static func pair(_ merge: String) throws(TokenizerError) -> (left: String, right: String) {
    // A token may begin with a mark that would be one character with the space.
    let sides = merge.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
    guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
      throw .damaged("the merge \(merge.quotedAsJSON) is not two tokens with a space between")
    }
    return (String(sides[0]), String(sides[1]))
  }
}

extension Tokenizer {
  /// More ids than any vocabulary has: a forged one must not fill the memory.
  private static let idLimit = 1 << 24

  /// - Throws: ``TokenizerError`` where the lists contradict one another.
  init(_ source: BytePairVocabulary) throws(TokenizerError) {
    let isByteLevel = source.preTokenizer.isByteLevel
    let addedIDs = Set(source.added.map(\.id))
    var spellings = Vocabulary(minimumCapacity: source.tokens.count)
    var vocabulary = Vocabulary(minimumCapacity: isByteLevel ? source.tokens.count : 0)
    var literals: Set<Int> = []
    for (text, id) in source.tokens {
      guard (0..<Self.idLimit).contains(id) else { throw .damaged("the token \(text.quotedAsJSON) has the id \(id)") }
      guard !spellings.contains(id) else {
        throw .damaged("the tokens \((spellings[id].text).quotedAsJSON) and \(text.quotedAsJSON) have one id, \(id)")
      }
      spellings.set(id, Array(text.utf8))
      guard isByteLevel else { continue }
      if !addedIDs.contains(id), let bytes = ByteLevelAlphabet.bytes(of: text) {
        vocabulary.set(id, bytes)
      } else {
        vocabulary.set(id, Array(text.utf8), findable: false)
        literals.insert(id)
      }
    }
    if !isByteLevel { vocabulary = spellings }
    guard vocabulary.count > 0 else { throw .damaged("the vocabulary is empty") }
    for token in source.added where !(0..<Self.idLimit).contains(token.id) {
      throw .damaged("the added token \(token.content.quotedAsJSON) has the id \(token.id)")
    }
    var table = MergeTable(minimumCapacity: source.merges.count)
    var order: [UInt64] = []
    order.reserveCapacity(source.merges.count)
    for (rank, merge) in source.merges.enumerated() {
      let (left, right) = (Array(merge.left.utf8), Array(merge.right.utf8))
      guard let leftID = spellings.id(of: left), let rightID = spellings.id(of: right),
        let product = spellings.id(of: left + right)
      else {
        throw .damaged(
          "merge \(rank), \(merge.left.quotedAsJSON) and \(merge.right.quotedAsJSON), is not made of tokens")
      }
      table.insert(leftID, rightID, MergeTable.Merge(rank: UInt32(rank), product: product))
      order.append(UInt64(leftID) << 32 | UInt64(rightID))
    }
    for id in source.prefix + source.suffix where !vocabulary.contains(id) && !addedIDs.contains(id) {
      throw .damaged("the token \(id) that stands around texts is not in the vocabulary")
    }
    var unknown: UInt32?
    if let text = source.unknown {
      unknown = spellings.id(of: Array(text.utf8))
      guard unknown != nil else { throw .damaged("the unknown token \(text.quotedAsJSON) is not in the vocabulary") }
    }
    let byteTokens = (UInt8.min...UInt8.max).map { byte -> UInt32? in
      if isByteLevel { return vocabulary.id(of: [byte]) }
      return source.fallsBackToBytes ? vocabulary.id(of: Array(Self.byteSpelling(byte).utf8)) : nil
    }
    self.init(
      vocabulary: vocabulary, mergeOrder: order,
      model: BytePairModel(
        units: isByteLevel ? .bytes : .characters, merges: table, byteTokens: byteTokens, unknown: unknown,
        fusesUnknown: source.fusesUnknown, takesWholeWords: source.takesWholeWords),
      normalization: source.normalization, preTokenizer: source.preTokenizer, added: source.added, literals: literals,
      prefix: source.prefix, suffix: source.suffix, decoding: source.decoding)
  }

  /// `<0x0A>`
  private static func byteSpelling(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x" + (byte < 16 ? "0" : "") + digits + ">"
  }
}

extension [UInt8] {
  fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
