import SwiftletFiles

extension Tokenizer {
  /// Reads SentencePiece's `tokenizer.model`.
  ///
  /// - Parameters:
  ///   - sentencePiece: the file.
  ///   - prefixesEveryStretch: whether each stretch between special tokens gets a space in front, as Llama 2's published
  ///     tokenizer does it (`legacy` in transformers), or the first alone.
  /// - Throws: ``TokenizerError`` for a file that is damaged, another model than byte pair encoding, or a normaliser
  ///   that changes characters.
  public init(sentencePiece: Data, prefixesEveryStretch: Bool = true) throws(TokenizerError) {
    var source = PieceVocabulary(pieces: [])
    var trainer = ProtocolBuffer([])
    var normalizer = ProtocolBuffer([])
    var model = ProtocolBuffer(Array(sentencePiece)[...])
    while let field = try model.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): source.pieces.append(try Self.piece(ProtocolBuffer(bytes), source.pieces.count))
      case (2, .bytes(let bytes)): trainer = ProtocolBuffer(bytes)
      case (3, .bytes(let bytes)): normalizer = ProtocolBuffer(bytes)
      default: break
      }
    }
    (source.beginning, source.end) = (1, 2)  // The format's defaults.
    try source.read(trainer: &trainer)
    try source.read(normalizer: &normalizer)
    source.prefixesEveryStretch = prefixesEveryStretch
    try self.init(source)
  }

  private static func piece(_ message: ProtocolBuffer, _ id: Int) throws(TokenizerError) -> PieceVocabulary.Piece {
    var message = message
    var piece = PieceVocabulary.Piece(text: "")
    while let field = try message.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)):
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .damaged("piece \(id) is not UTF-8") }
        piece.text = text
      case (2, .bits32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .integer(let number)):
        guard let kind = PieceVocabulary.Kind(rawValue: Int(truncatingIfNeeded: number)) else {
          throw .damaged("piece \(id) is of the unknown kind \(number)")
        }
        piece.kind = kind
      default: break
      }
    }
    return piece
  }
}

extension PieceVocabulary {
  fileprivate mutating func read(trainer: inout ProtocolBuffer) throws(TokenizerError) {
    var kind: UInt64 = 1
    while let field = try trainer.next() {
      guard case .integer(let value) = field.value else { continue }
      // Identifiers are 32-bit integers; a negative one says that there is none.
      let id = Int(Int32(truncatingIfNeeded: value))
      switch field.number {
      case 3: kind = value
      case 24 where value != 0:
        throw .unsupported("its words end with their space instead of beginning with it, which is not carried out")
      case 41: beginning = id < 0 ? nil : id
      case 42: end = id < 0 ? nil : id
      case 43: padding = id < 0 ? nil : id
      default: break
      }
    }
    guard kind == 2 else {
      let name = [1: "a unigram model", 3: "a word model", 4: "a character model"][kind] ?? "model type \(kind)"
      throw .unsupported("it is \(name); only byte pair encoding is carried out")
    }
  }

  fileprivate mutating func read(normalizer: inout ProtocolBuffer) throws(TokenizerError) {
    var name = ""
    var removesExtraSpaces = true  // The format's default.
    while let field = try normalizer.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): name = String(decoding: bytes, as: UTF8.self)
      case (2, .bytes(let map)) where !map.isEmpty:
        throw .unsupported("its normaliser \(name.quotedAsJSON) changes characters; only \"identity\" is carried out")
      case (3, .integer(let value)): addsPrefixSpace = value != 0
      case (4, .integer(let value)): removesExtraSpaces = value != 0
      case (5, .integer(0)): throw .unsupported("it does not write spaces as ▁, which is not carried out")
      default: break
      }
    }
    guard !removesExtraSpaces else {
      throw .unsupported("its normaliser removes extra spaces, which is not carried out")
    }
  }
}

/// The fields of a message in Protocol Buffers' wire format, one after another.
struct ProtocolBuffer {
  enum Value {
    case integer(UInt64)
    case bits64
    case bytes(ArraySlice<UInt8>)
    case bits32(UInt32)
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field, nil at the end.
  mutating func next() throws(TokenizerError) -> (number: Int, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let key = try variableInteger()
    let number = Int(truncatingIfNeeded: key >> 3 & 0x1fff_ffff)
    switch key & 7 {
    case 0: return (number, .integer(try variableInteger()))
    case 1:
      _ = try little(8)
      return (number, .bits64)
    case 2:
      let count = try variableInteger()
      guard count <= UInt64(rest.count) else { throw .damaged("a field of the model ends behind the file's end") }
      defer { rest = rest.dropFirst(Int(count)) }
      return (number, .bytes(rest.prefix(Int(count))))
    case 5: return (number, .bits32(UInt32(truncatingIfNeeded: try little(4))))
    default: throw .damaged("it is no SentencePiece model: a field has wire type \(key & 7)")
    }
  }

  private mutating func variableInteger() throws(TokenizerError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw .damaged("a number of the model does not end")
  }

  private mutating func little(_ count: Int) throws(TokenizerError) -> UInt64 {
    guard rest.count >= count else { throw .damaged("a field of the model ends behind the file's end") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
