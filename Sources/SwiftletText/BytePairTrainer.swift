import SwiftletFiles

/// Learns a byte-level tokenizer: the pair of neighbours that texts hold most often becomes a token, again and again.
///
/// ```swift
/// var trainer = BytePairTrainer(vocabularySize: 4096)
/// trainer.preTokenizer = .llama3
/// let tokenizer = try trainer.train(on: stories)
/// ```
/// The result depends on the texts' words and their counts alone: of pairs that are equally frequent the one with the
/// lower ids goes first, as in `tokenizers`.
/// Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016),
/// section 3.2.
public struct BytePairTrainer: Sendable {
  /// Special tokens and the 256 bytes included.
  public var vocabularySize: Int
  /// How texts are cut into words; nothing merges across two.
  public var preTokenizer = PreTokenizer.gpt2(addsPrefixSpace: false)
  /// They get the first ids. Texts are cut where they hold one.
  public var specialTokens = ["<|endoftext|>"]
  /// The special token that begins every text, if any.
  public var beginning: String?
  /// The special token that ends a text.
  public var end: String? = "<|endoftext|>"
  /// A pair that is seen less often stays two.
  public var minimumCount = 2

  public init(vocabularySize: Int) { self.vocabularySize = vocabularySize }

  /// Fewer tokens result where the texts have no more pairs.
  ///
  /// - Throws: ``TokenizerError`` for settings that cannot be met.
  public func train(on texts: some Sequence<String>) throws(TokenizerError) -> Tokenizer {
    let smallest = specialTokens.count + 256
    guard vocabularySize >= smallest else {
      throw .unsupported(
        "a byte-level vocabulary with these special tokens has at least \(smallest), not \(vocabularySize)")
    }
    guard preTokenizer.isByteLevel else {
      throw .unsupported("byte-level tokens are learned; SentencePiece's words are not carried out")
    }
    guard Set(specialTokens.map { Array($0.utf8) }).count == specialTokens.count, !specialTokens.contains("") else {
      throw .damaged("two special tokens are the same, or one is empty")
    }
    for case let name? in [beginning, end] where specialID(of: name) == nil {
      throw .damaged("\(name.quotedAsJSON) is not among the special tokens")
    }
    return try tokenizer(Learner(words: words(of: texts), trainer: self))
  }

  /// The words of all texts, with their counts.
  private func words(of texts: some Sequence<String>) throws(TokenizerError) -> [(bytes: [UInt8], count: Int)] {
    // A tokenizer without merges finds the special tokens.
    let added = AddedTokens(
      specialTokens.enumerated().map { AddedTokens.Token(id: $0.offset, content: $0.element) }, normalize: { $0 })
    let normalization = preTokenizer.normalization
    var table = ByteTable(minimumCapacity: 1 << 12)
    var counts: [Int] = []
    for text in texts {
      var text = text
      text.withUTF8 { text in
        for case .text(let range) in added.parts(of: text, normalized: false, recognizesSpecial: true) {
          normalization(Array(text[range])).withUnsafeBufferPointer { text in
            preTokenizer.forEachWord(of: text) { word in
              let (index, isNew) = table.insert(word)
              if isNew { counts.append(1) } else { counts[index] += 1 }
            }
          }
        }
      }
    }
    return counts.indices.map { (Array(table[$0]), counts[$0]) }
  }

  private func tokenizer(_ learner: consuming Learner) throws(TokenizerError) -> Tokenizer {
    var learner = learner
    learner.learn()
    var source = BytePairVocabulary(preTokenizer: preTokenizer)
    source.added = specialTokens.enumerated().map { AddedTokens.Token(id: $0.offset, content: $0.element) }
    source.tokens = specialTokens.enumerated().map { ($0.element, $0.offset) }
    let spellings = learner.tokens.map { ByteLevelAlphabet.text(of: $0) }
    source.tokens += spellings.enumerated().map { ($0.element, specialTokens.count + $0.offset) }
    source.merges = learner.merges.map { (spellings[$0.left], spellings[$0.right]) }
    source.normalization = preTokenizer.normalization
    source.prefix = beginning.flatMap(specialID).map { [$0] } ?? []
    var tokenizer = try Tokenizer(source)
    tokenizer.beginning = beginning.flatMap(specialID)
    tokenizer.end = end.flatMap(specialID)
    return tokenizer
  }

  private func specialID(of name: String) -> Int? { specialTokens.firstIndex { $0.utf8.elementsEqual(name.utf8) } }
}

/// The counts of pairs, kept up while tokens merge. Ids here begin with the bytes; special tokens have none.
private struct Learner {
  private struct Pair: Hashable, Comparable {
    var left, right: Int

    static func < (a: Pair, b: Pair) -> Bool { (a.left, a.right) < (b.left, b.right) }
  }

  /// Ordered so that the least is the most frequent, of equals the one with the lower ids.
  private struct Candidate: Comparable {
    var count: Int
    var pair: Pair

    static func < (a: Candidate, b: Candidate) -> Bool { a.count != b.count ? a.count > b.count : a.pair < b.pair }
  }

  private(set) var tokens: [[UInt8]]
  private(set) var merges: [(left: Int, right: Int)] = []
  private var known: ByteTable
  private let limit, minimumCount: Int
  private var words: [[Int]] = []
  private let wordCounts: [Int]
  private var counts: [Pair: Int] = [:]
  /// The words that a pair was ever seen in.
  private var places: [Pair: Set<Int>] = [:]
  private var queue = MinimumHeap<Candidate>()

  init(words source: [(bytes: [UInt8], count: Int)], trainer: BytePairTrainer) {
    // The alphabet in the order of its characters, as `tokenizers` numbers it.
    let order = (0..<256).sorted { ByteLevelAlphabet.scalars[$0] < ByteLevelAlphabet.scalars[$1] }
    tokens = order.map { [UInt8($0)] }
    known = ByteTable(minimumCapacity: min(trainer.vocabularySize, 1 << 16))
    for token in tokens { _ = known.insert(token) }
    var idOfByte = [Int](repeating: 0, count: 256)
    for (id, byte) in order.enumerated() { idOfByte[byte] = id }
    limit = trainer.vocabularySize - trainer.specialTokens.count
    minimumCount = max(1, trainer.minimumCount)
    wordCounts = source.map(\.count)
    for (index, word) in source.enumerated() {
      let ids = word.bytes.map { idOfByte[Int($0)] }
      for (left, right) in zip(ids, ids.dropFirst()) {
        let pair = Pair(left: left, right: right)
        counts[pair, default: 0] += word.count
        places[pair, default: []].insert(index)
      }
      words.append(ids)
    }
    for (pair, count) in counts { queue.insert(Candidate(count: count, pair: pair)) }
  }

  mutating func learn() {
    while tokens.count < limit, let best = queue.popFirst() {
      let count = counts[best.pair] ?? 0
      guard count == best.count else {
        // Counts change while candidates wait; this one waits on with its own.
        if count > 0 { queue.insert(Candidate(count: count, pair: best.pair)) }
        continue
      }
      guard count >= minimumCount else { return }
      merge(best.pair)
    }
  }

  private mutating func merge(_ pair: Pair) {
    let bytes = tokens[pair.left] + tokens[pair.right]
    // Two ways to one token are one token.
    let (product, isNew) = known.insert(bytes)
    if isNew { tokens.append(bytes) }
    merges.append((pair.left, pair.right))
    var grown: Set<Pair> = []
    for index in places.removeValue(forKey: pair) ?? [] {
      replace(pair, with: product, inWord: index, &grown)
    }
    counts[pair] = nil
    for pair in grown { counts[pair].map { queue.insert(Candidate(count: $0, pair: pair)) } }
  }

  private mutating func replace(_ pair: Pair, with product: Int, inWord index: Int, _ grown: inout Set<Pair>) {
    let old = words[index]
    let count = wordCounts[index]
    var new: [Int] = []
    new.reserveCapacity(old.count)
    var position = 0
    while position < old.count {
      guard old[position] == pair.left, position + 1 < old.count, old[position + 1] == pair.right else {
        new.append(old[position])
        position += 1
        continue
      }
      if let before = new.last {
        counts[Pair(left: before, right: pair.left), default: 0] -= count
        grow(Pair(left: before, right: product), by: count, in: index, &grown)
      }
      position += 2
      if position < old.count {
        counts[Pair(left: pair.right, right: old[position]), default: 0] -= count
        grow(Pair(left: product, right: old[position]), by: count, in: index, &grown)
      }
      new.append(product)
    }
    words[index] = new
  }

  private mutating func grow(_ pair: Pair, by count: Int, in word: Int, _ grown: inout Set<Pair>) {
    counts[pair, default: 0] += count
    places[pair, default: []].insert(word)
    grown.insert(pair)
  }
}
