import SwiftletFiles

/// The pieces of SentencePiece's byte pair encoding, whichever file they come from.
struct PieceVocabulary {
  /// The numbers are those of SentencePiece's and GGUF's files.
  enum Kind: Int {
    case normal = 1
    case unknown
    case control
    case userDefined
    case unused
    case byte
  }

  struct Piece {
    var text: String
    var score: Float = 0
    var kind = Kind.normal
  }

  var pieces: [Piece]
  var beginning: Int?
  var end: Int?
  var padding: Int?
  var addsBeginning = true
  var addsEnd = false
  var addsPrefixSpace = true
  /// Whether a `▁` is put in front of each stretch between special tokens, as Llama 2's tokenizer does, or of the
  /// first.
  var prefixesEveryStretch = true
  var chatTemplate: String?
}

extension Tokenizer {
  /// - Throws: ``TokenizerError`` where the pieces contradict one another.
  init(_ source: PieceVocabulary) throws(TokenizerError) {
    let pieces = source.pieces
    guard !pieces.isEmpty else { throw .damaged("the vocabulary is empty") }
    var vocabulary = Vocabulary(minimumCapacity: pieces.count)
    var byteTokens = [UInt32?](repeating: nil, count: 256)
    var unknown: UInt32?
    var special: [AddedTokens.Token] = []
    for (id, piece) in pieces.enumerated() {
      let text = Array(piece.text.utf8)
      switch piece.kind {
      case .normal:
        guard !text.isEmpty else { throw .damaged("token \(id) is empty") }
      case .unknown:
        guard unknown == nil else { throw .damaged("the vocabulary has two unknown tokens, \(unknown ?? 0) and \(id)") }
        unknown = UInt32(id)
        special.append(AddedTokens.Token(id: id, content: piece.text))
      case .control: special.append(AddedTokens.Token(id: id, content: piece.text))
      case .userDefined: special.append(AddedTokens.Token(id: id, content: piece.text, isSpecial: false))
      case .unused:
        throw .unsupported("token \(id), \(piece.text.quotedAsJSON), is marked unused, which is not carried out")
      case .byte:
        guard let byte = TokenDecoder.byte(of: text) else {
          throw .damaged("token \(id), \(piece.text.quotedAsJSON), should be a byte such as <0x0A>")
        }
        byteTokens[Int(byte)] = UInt32(id)
      }
      guard piece.score.isFinite else { throw .damaged("the score of token \(id) is no number") }
      vocabulary.set(id, text, findable: piece.kind == .normal)
    }
    for case (let name, let id?) in [
      ("begins", source.beginning), ("ends", source.end), ("fills", source.padding),
    ] where !pieces.indices.contains(id) {
      throw .damaged("the token that \(name) a text is \(id), but there are \(pieces.count)")
    }
    let merges = Self.merges(of: pieces, in: vocabulary)
    var table = MergeTable(minimumCapacity: merges.count)
    for merge in merges {
      table.insert(merge.left, merge.right, MergeTable.Merge(rank: merge.rank, product: merge.product))
    }
    let prefixSpace: Normalization.Step? = source.addsPrefixSpace && source.prefixesEveryStretch ? .prepend("▁") : nil
    let isPlain = prefixSpace != nil || !source.addsPrefixSpace
    self.init(
      vocabulary: vocabulary, mergeOrder: merges.map { UInt64($0.left) << 32 | UInt64($0.right) },
      model: BytePairModel(
        units: .characters, merges: table, byteTokens: byteTokens, unknown: unknown, fusesUnknown: true,
        takesWholeWords: false),
      normalization: Normalization(steps: isPlain ? [prefixSpace, .replace(" ", "▁")].compactMap { $0 } : []),
      preTokenizer: isPlain ? .none : .metaspace(.first, splits: false), added: special,
      prefix: source.addsBeginning ? [source.beginning].compactMap { $0 } : [],
      suffix: source.addsEnd ? [source.end].compactMap { $0 } : [],
      decoding: .pieces(dropsFirstSpace: source.addsPrefixSpace))
    (beginning, end, padding) = (source.beginning, source.end, source.padding)
    chatTemplate = source.chatTemplate
  }

  private struct ScoredMerge {
    var left, right, product, rank: UInt32
    var score: Float
    var lengths: (Int, Int)
  }

  /// SentencePiece merges any two pieces that are one together, the highest score first. Equal scores have one rank
  /// here, so that the leftmost goes first; the order is the one that `tokenizers` gives them, which knows no equal
  /// ranks.
  private static func merges(of pieces: [PieceVocabulary.Piece], in vocabulary: Vocabulary) -> [ScoredMerge] {
    var merges: [ScoredMerge] = []
    for (id, piece) in pieces.enumerated() where piece.kind == .normal {
      // Of pieces spelled alike the first is the one that is found.
      guard vocabulary.id(of: Array(piece.text.utf8)) == UInt32(id) else { continue }
      var local: [ScoredMerge] = []
      Array(piece.text.utf8).withUnsafeBufferPointer { text in
        var (position, characters) = (0, 0)
        let all = piece.text.unicodeScalars.count
        while true {
          position += text.scalar(at: position).length
          characters += 1
          guard position < text.count else { break }
          if let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<position])),
            let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: text[position...]))
          {
            local.append(
              ScoredMerge(
                left: left, right: right, product: UInt32(id), rank: 0, score: piece.score,
                lengths: (characters, all - characters)))
          }
        }
      }
      merges += local.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }
    // `sorted` keeps the order of equals.
    merges = merges.sorted { ($0.score, $0.lengths.0, $0.lengths.1) > ($1.score, $1.lengths.0, $1.lengths.1) }
    var rank: UInt32 = 0
    for index in merges.indices {
      if index > 0, merges[index].score < merges[index - 1].score { rank += 1 }
      merges[index].rank = rank
    }
    return merges
  }
}
