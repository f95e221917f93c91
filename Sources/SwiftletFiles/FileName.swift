/// A path, or a file's name in a folder or an archive: bytes, which need not be text in UTF-8.
///
/// Two are equal where every byte is. As `String` they would be equal where they look alike, and would be alike where they hold what is no text.
public struct FileName: Hashable, Sendable, ExpressibleByStringLiteral {
  public let bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
  public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
  public init(stringLiteral text: String) { self.init(text) }

  /// The folders and the name between the slashes, without those that say "here".
  public var components: [FileName] {
    bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }.map(
      FileName.init(bytes:))
  }

  /// The path of a file in this folder.
  public func appending(_ name: FileName) -> FileName {
    guard let last = bytes.last else { return name }
    return FileName(bytes: last == UInt8(ascii: "/") ? bytes + name.bytes : bytes + [UInt8(ascii: "/")] + name.bytes)
  }

  /// What follows the last dot of the last component, in lower case; nil without a dot.
  public var lowercasedExtension: String? {
    let name = bytes.suffix(from: bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return nil }
    return FileName(bytes: name[(dot + 1)...]).description.lowercased()
  }

  /// The path for a call of the system.
  public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { text in
        guard let start = text.baseAddress else { preconditionFailure("FileName: a path has at least its end") }
        return body(start)
      }
    }
  }
}

/// By bytes, as Python's `sorted` orders them, whatever the locale.
extension FileName: Comparable {
  public static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension FileName: CustomStringConvertible {
  /// For people; of a name that is no UTF-8 every byte beyond ASCII is shown as `\xE9`.
  public var description: String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.reduce(into: "") { text, byte in
      let digits = String(byte, radix: 16, uppercase: true)
      text += byte < 0x80 ? String(UnicodeScalar(byte)) : "\\x" + digits
    }
  }
}
