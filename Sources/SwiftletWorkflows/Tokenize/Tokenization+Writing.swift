import SwiftletFiles
import SwiftletTerminal

extension Tokenization {
  /// What is written of it.
  public enum Form: Hashable, Sendable {
    /// The ids in one line, spaces between them.
    case ids
    /// The text byte for byte, and nothing behind it.
    case text
    /// A line an id: the id, and its text in quotation marks.
    case pieces
    /// How many tokens there are, and how long they are.
    case count
    /// One object.
    case json(Set<Part>)
  }

  /// What an object holds besides the counts.
  public enum Part: Hashable, Sendable { case ids, text, pieces }

  /// Nil without a token.
  public var bytesPerToken: Double? { ids.isEmpty ? nil : Double(byteCount) / Double(ids.count) }

  /// Writes it part by part: in one piece it would take several times its memory.
  public func write(as form: Form, to output: @escaping ([UInt8]) throws -> Void) throws {
    var writer = PartWriter(output)
    switch form {
    case .ids:
      try write(ids, between: " ", to: &writer)
      try writer.append("\n")
    case .text: for piece in pieces { try writer.append(piece) }
    case .pieces:
      let width = "\(tokenizer.vocabularySize - 1)".count
      for (id, piece) in zip(ids, pieces) {
        let number = "\(id)"
        try writer.append(String(repeating: " ", count: max(0, width - number.count)) + number)
        try writer.append("  \(Self.quoted(piece))\n")
      }
    case .count:
      let length = bytesPerToken.map { ", \($0.text(decimals: 2)) bytes a token" } ?? ""
      try writer.append("\(ids.count) tokens, \(byteCount) bytes\(length)\n")
    case .json(let parts): try writeJSON(parts, to: &writer)
    }
    try writer.finish()
  }

  private func write(_ ids: [Int], between separator: String, to writer: inout PartWriter) throws {
    var isFirst = true
    for id in ids {
      if !isFirst { try writer.append(separator) }
      try writer.append("\(id)")
      isFirst = false
    }
  }

  /// Keys in their order, as in every other object that is printed.
  private func writeJSON(_ parts: Set<Part>, to writer: inout PartWriter) throws {
    try writer.append("{\"bytes\":\(byteCount)")
    if let bytesPerToken { try writer.append(",\"bytesPerToken\":\(bytesPerToken)") }
    if parts.contains(.ids) {
      try writer.append(",\"ids\":[")
      try write(ids, between: ",", to: &writer)
      try writer.append("]")
    }
    if parts.contains(.pieces) {
      var separator = ",\"pieces\":["
      for piece in pieces {
        try writer.append(separator + String(decoding: piece, as: UTF8.self).quotedAsJSON)
        separator = ","
      }
      try writer.append(separator == "," ? "]" : separator + "]")
    }
    if parts.contains(.text) {
      let text = String(
        decoding: tokenizer.decodeBytes(ids, skipsSpecialTokens: !request.keepsSpecialTokens), as: UTF8.self)
      try writer.append(",\"text\":\(text.quotedAsJSON)")
    }
    try writer.append(",\"tokens\":\(ids.count)}\n")
  }

  /// In quotation marks, with what cannot be seen spelled out, and bytes that are no text as `\xE2`.
  static func quoted(_ piece: [UInt8]) -> String {
    var text = "\""
    var rest = piece[...]
    while !rest.isEmpty {
      // A character, or a byte that is part of none.
      let length = (1...4).first { String(validating: rest.prefix($0), as: UTF8.self)?.unicodeScalars.count == 1 }
      guard let length, let part = String(validating: rest.prefix(length), as: UTF8.self) else {
        let digits = String(rest.removeFirst(), radix: 16, uppercase: true)
        text += "\\x" + (digits.count == 1 ? "0" : "") + digits
        continue
      }
      text += part == "\\" ? "\\\\" : part == "\"" ? "\\\"" : part.spelledOut
      rest = rest.dropFirst(length)
    }
    return text + "\""
  }
}

/// Gathers what is written into parts of some size.
private struct PartWriter {
  private let output: ([UInt8]) throws -> Void
  private var waiting: [UInt8] = []
  private static let size = 1 << 16

  init(_ output: @escaping ([UInt8]) throws -> Void) { self.output = output }

  mutating func append(_ text: String) throws { try append(text.utf8) }

  mutating func append(_ bytes: some Sequence<UInt8>) throws {
    waiting += bytes
    guard waiting.count >= Self.size else { return }
    try finish()
  }

  mutating func finish() throws {
    guard !waiting.isEmpty else { return }
    try output(waiting)
    waiting.removeAll(keepingCapacity: true)
  }
}
