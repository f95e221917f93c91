import SwiftletFiles

/// What a GGUF file says of its tokenizer; each value is the one under the key `tokenizer.ggml.…` that its comment
/// names.
public struct GGUFVocabulary: Sendable {
  /// `model`: `gpt2` (byte-level) or `llama` (SentencePiece).
  public var model: String
  /// `pre`: how a byte-level model cuts texts into words.
  public var preTokenizer: String?
  /// `tokens`
  public var tokens: [String]
  /// `token_type`, one each: 1 text, 2 unknown, 3 control, 4 defined by a user, 5 unused, 6 a byte.
  public var types: [Int]?
  /// `scores`, one each, of a SentencePiece model.
  public var scores: [Float]?
  /// `merges`, of a byte-level model, each two tokens with a space between.
  public var merges: [String]?
  /// `bos_token_id`
  public var beginning: Int?
  /// `eos_token_id`
  public var end: Int?
  /// `unknown_token_id`, of a SentencePiece model; byte-level ones know everything.
  public var unknown: Int?
  /// `padding_token_id`
  public var padding: Int?
  /// `add_bos_token`; without it a SentencePiece model and Llama 3's add one.
  public var addsBOS: Bool?
  /// `add_eos_token`
  public var addsEOS: Bool?
  /// `add_space_prefix`, of a SentencePiece model; without it there is one.
  public var addsSpacePrefix: Bool?
  /// `tokenizer.chat_template`
  public var chatTemplate: String?

  public init(model: String, tokens: [String]) { (self.model, self.tokens) = (model, tokens) }
}

extension Tokenizer {
  /// - Throws: ``TokenizerError`` for lists that disagree, and for models and pre-tokenizers that are not carried out.
  public init(gguf: GGUFVocabulary) throws(TokenizerError) {
    for (name, count) in [("types", gguf.types?.count), ("scores", gguf.scores?.count)] {
      guard count == nil || count == gguf.tokens.count else {
        throw .damaged("the vocabulary has \(gguf.tokens.count) tokens and \(count ?? 0) \(name)")
      }
    }
    for case (let name, let id?) in [
      ("begins", gguf.beginning), ("ends", gguf.end), ("fills", gguf.padding), ("is unknown in", gguf.unknown),
    ] where !gguf.tokens.indices.contains(id) {
      throw .damaged("the token that \(name) a text is \(id), but there are \(gguf.tokens.count)")
    }
    var kinds: [PieceVocabulary.Kind] = []
    for (id, type) in (gguf.types ?? Array(repeating: 1, count: gguf.tokens.count)).enumerated() {
      guard let kind = PieceVocabulary.Kind(rawValue: type) else {
        throw .damaged("token \(id) is of the unknown type \(type)")
      }
      kinds.append(kind)
    }
    switch gguf.model {
    case "llama": try self.init(pieces: gguf, kinds: kinds)
    case "gpt2": try self.init(byteLevel: gguf, kinds: kinds)
    default:
      throw .unsupported(
        "its tokenizer is of the model \(gguf.model.quotedAsJSON); \"gpt2\" and \"llama\" are carried out")
    }
  }

  private init(pieces gguf: GGUFVocabulary, kinds: [PieceVocabulary.Kind]) throws(TokenizerError) {
    guard let scores = gguf.scores else { throw .damaged("the vocabulary has no scores, by which \"llama\" merges") }
    var kinds = kinds
    if let unknown = gguf.unknown { kinds[unknown] = .unknown }
    try self.init(
      PieceVocabulary(
        pieces: gguf.tokens.indices.map { id in
          PieceVocabulary.Piece(text: gguf.tokens[id], score: scores[id], kind: kinds[id])
        },
        beginning: gguf.beginning, end: gguf.end, padding: gguf.padding, addsBeginning: gguf.addsBOS ?? true,
        addsEnd: gguf.addsEOS ?? false, addsPrefixSpace: gguf.addsSpacePrefix ?? true,
        chatTemplate: gguf.chatTemplate))
  }

  private init(byteLevel gguf: GGUFVocabulary, kinds: [PieceVocabulary.Kind]) throws(TokenizerError) {
    guard let merges = gguf.merges else { throw .damaged("the vocabulary has no merges, by which \"gpt2\" works") }
    guard let name = gguf.preTokenizer else {
      throw .unsupported("it does not say how texts are cut into words (tokenizer.ggml.pre is missing)")
    }
    let preTokenizer: PreTokenizer =
      switch name {
      case "gpt-2": .gpt2(addsPrefixSpace: false)
      case "smollm": .smollm
      case "llama-bpe", "llama3", "llama-v3": .llama3
      case "qwen2": .qwen2
      default:
        throw .unsupported(
          "its pre-tokenizer \(name.quotedAsJSON) is none of gpt-2, smollm, llama-bpe and qwen2, which are carried out")
      }
    var source = BytePairVocabulary(preTokenizer: preTokenizer)
    source.tokens = gguf.tokens.enumerated().map { ($1, $0) }
    for merge in merges { source.merges.append(try BytePairVocabulary.pair(merge)) }
    for (id, kind) in kinds.enumerated() where kind == .control || kind == .userDefined || kind == .unknown {
      source.added.append(AddedTokens.Token(id: id, content: gguf.tokens[id], isSpecial: kind != .userDefined))
    }
    source.normalization = preTokenizer.normalization
    source.takesWholeWords = preTokenizer == .llama3
    if gguf.addsBOS ?? (preTokenizer == .llama3) { source.prefix = [gguf.beginning].compactMap { $0 } }
    if gguf.addsEOS ?? false { source.suffix = [gguf.end].compactMap { $0 } }
    try self.init(source)
    (beginning, end, padding) = (gguf.beginning, gguf.end, gguf.padding)
    chatTemplate = gguf.chatTemplate
  }
}
