/// Takes a text through the stages of a tokenizer: added tokens, normalisation, words, merges.
struct WordEncoder {
  private let tokenizer: Tokenizer
  var words: WordCache.Words
  private(set) var ids: [Int] = []
  private var scratch = BytePairModel.Scratch()
  private var wordIDs: [UInt32] = []

  init(tokenizer: Tokenizer, words: WordCache.Words) { (self.tokenizer, self.words) = (tokenizer, words) }

  mutating func encode(_ text: UnsafeBufferPointer<UInt8>, recognizesSpecial: Bool) {
    ids.reserveCapacity(text.count / 3 + 8)
    for part in tokenizer.added.parts(of: text, normalized: false, recognizesSpecial: recognizesSpecial) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        let stretch = UnsafeBufferPointer(rebasing: text[range])
        if tokenizer.normalization.steps.isEmpty {
          encodeNormalized(stretch, isFirst: range.lowerBound == 0, recognizesSpecial)
        } else {
          tokenizer.normalization(Array(stretch)).withUnsafeBufferPointer {
            encodeNormalized($0, isFirst: range.lowerBound == 0, recognizesSpecial)
          }
        }
      }
    }
  }

  private mutating func encodeNormalized(
    _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ recognizesSpecial: Bool
  ) {
    for part in tokenizer.added.parts(of: text, normalized: true, recognizesSpecial: recognizesSpecial) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let range):
        encodeWords(UnsafeBufferPointer(rebasing: text[range]), isFirst: isFirst && range.lowerBound == 0)
      }
    }
  }

  private mutating func encodeWords(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
    switch tokenizer.preTokenizer {
    case .gpt2, .smollm, .llama3, .qwen2: tokenizer.preTokenizer.forEachWord(of: text) { encode(word: $0) }
    case .metaspace(let prefix, let splits):
      var marked = Array(text).replacing(Tokenizer.space, Tokenizer.mark)
      let isWanted =
        switch prefix {
        case .always: true
        case .first: isFirst
        case .never: false
        }
      if isWanted, !marked.starts(with: Tokenizer.mark) { marked = Tokenizer.mark + marked }
      marked.withUnsafeBufferPointer { encodeMarked($0, cutsEveryMark: splits) }
    case .none: encodeMarked(text, cutsEveryMark: false)
    }
  }

  /// Cuts a text in front of every `▁`, or of those that no token reaches across.
  private mutating func encodeMarked(_ text: UnsafeBufferPointer<UInt8>, cutsEveryMark: Bool) {
    guard cutsEveryMark || tokenizer.cutsAtMarks else { return encode(word: text) }
    var (start, position) = (0, 0)
    var isAfterMark = true
    while position < text.count {
      guard text[position] == Tokenizer.mark[0], position + 3 <= text.count, text[position + 1] == Tokenizer.mark[1],
        text[position + 2] == Tokenizer.mark[2]
      else {
        isAfterMark = false
        position += 1
        continue
      }
      if position > start, cutsEveryMark || !isAfterMark {
        encode(word: UnsafeBufferPointer(rebasing: text[start..<position]))
        start = position
      }
      isAfterMark = true
      position += 3
    }
    if start < text.count { encode(word: UnsafeBufferPointer(rebasing: text[start...])) }
  }

  @inline(__always)
  private mutating func encode(word: UnsafeBufferPointer<UInt8>) {
    guard !words.append(word, to: &ids) else { return }
    wordIDs.removeAll(keepingCapacity: true)
    tokenizer.model.encode(word, vocabulary: tokenizer.vocabulary, into: &wordIDs, scratch: &scratch)
    for id in wordIDs { ids.append(Int(id)) }
    if word.count <= WordCache.Words.longestWord { words.remember(word, wordIDs) }
  }
}
