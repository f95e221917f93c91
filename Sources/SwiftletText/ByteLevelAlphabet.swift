/// The printable characters that stand for the 256 bytes in the files of byte-level tokenizers: `Ġ` for a space.
///
/// Source: `bytes_to_unicode` of GPT-2's encoder. Printable Latin-1 stands for itself, the others follow from U+0100.
enum ByteLevelAlphabet {
  /// By byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      if isPrintable(byte) { return Unicode.Scalar(byte) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? " "
    }
  }()

  private static let bytes = Dictionary(
    uniqueKeysWithValues: scalars.enumerated().map { ($0.element, UInt8($0.offset)) })

  private static func isPrintable(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae
  }

  /// The bytes that a text stands for; nil if it holds any other character.
  static func bytes(of text: String) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }

  /// The text that stands for bytes.
  static func text(of bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(scalars[Int(byte)]) }
    return String(text)
  }
}
