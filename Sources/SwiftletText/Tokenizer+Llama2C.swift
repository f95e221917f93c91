import SwiftletFiles

extension Tokenizer {
  /// Reads llama2.c's `tok.bin`: the longest token's length, then of each token its score, its length and its bytes.
  ///
  /// - Parameters:
  ///   - llama2c: the file.
  ///   - vocabularySize: how many tokens the model has; the file does not say.
  /// - Throws: ``TokenizerError`` for a file that is cut off, goes on, or holds what is no text.
  public init(llama2c: Data, vocabularySize: Int) throws(TokenizerError) {
    let file = Array(llama2c)
    guard vocabularySize >= 259 else {
      throw .damaged("a tokenizer of llama2.c has at least 259 tokens, not \(vocabularySize)")
    }
    var pieces: [PieceVocabulary.Piece] = []
    var position = 4
    func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(file[at + $1]) << UInt32(8 * $1) } }
    for id in 0..<vocabularySize {
      guard position + 8 <= file.count else { throw .damaged("it ends before token \(id) of \(vocabularySize)") }
      let (score, length) = (Float(bitPattern: word(position)), Int(Int32(bitPattern: word(position + 4))))
      position += 8
      guard length >= 0, length <= file.count - position else {
        throw .damaged("token \(id) of \(vocabularySize) ends behind the file's end")
      }
      guard let text = String(validating: file[position..<position + length], as: UTF8.self) else {
        throw .damaged("token \(id) is not UTF-8")
      }
      position += length
      switch id {
      case 0: pieces.append(PieceVocabulary.Piece(text: "<unk>", kind: .unknown))
      // The file has line ends around these two, so that they print on lines of their own.
      case 1: pieces.append(PieceVocabulary.Piece(text: "<s>", kind: .control))
      case 2: pieces.append(PieceVocabulary.Piece(text: "</s>", kind: .control))
      case 3..<259: pieces.append(PieceVocabulary.Piece(text: text, kind: .byte))
      default:
        let marked = Array(text.utf8).replacing(Tokenizer.space, Tokenizer.mark)
        pieces.append(PieceVocabulary.Piece(text: String(decoding: marked, as: UTF8.self), score: score))
      }
    }
    guard position == file.count else {
      throw .damaged("it goes on behind token \(vocabularySize - 1); the model's vocabulary may be larger")
    }
    try self.init(PieceVocabulary(pieces: pieces, beginning: 1, end: 2))
  }
}
