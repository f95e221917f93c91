/// What the patterns of pre-tokenizers ask about a character.
enum CharacterClass: UInt8 {
  /// None of the others: punctuation, symbols, marks, control characters, and bytes that are no UTF-8.
  case other
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s`: Unicode's White_Space
  case space

  private init(of scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = scalar.properties.isWhitespace ? .space : .other
    }
  }

  /// The classes of the first plane, which nearly all texts stay in.
  private static let firstPlane: [CharacterClass] = (0..<0x1_0000).map { value in
    Unicode.Scalar(UInt32(value)).map(CharacterClass.init(of:)) ?? .other
  }

  @inline(__always)
  static func of(_ value: UInt32?) -> CharacterClass {
    guard let value else { return .other }
    if value < 0x1_0000 { return firstPlane[Int(value)] }
    return Unicode.Scalar(value).map(CharacterClass.init(of:)) ?? .other
  }
}

extension Unicode.Scalar {
  /// `\w`: what words are made of where a token must stand alone.
  var isWordCharacter: Bool {
    if properties.isAlphabetic || properties.isJoinControl { return true }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: false
    }
  }
}
