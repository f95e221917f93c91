import Foundation
import SwiftletFiles

/// A value of JSON.
package indirect enum JSONValue: Sendable {
  case object([(key: String, value: JSONValue)])
  case array([JSONValue])
  case string(String)
  case integer(Int)
  /// A number that is no 64-bit integer, or `true`, `false`, `null`.
  case other(String)

  /// The object that fills a file, such as a `config.json`.
  ///
  /// - Throws: ``CheckpointError`` with the file's name, if it cannot be read or is no object.
  package init(contentsOf url: URL) throws(CheckpointError) {
    self = try naming(url.path) { () throws(CheckpointError) in
      let file = try MappedFile.checkpoint(url.path)
      guard file.bytes.count <= Safetensors.headerLimit else {
        throw CheckpointError(.damaged, "is damaged: no such file has \(file.bytes.count) bytes")
      }
      return .object(try JSONScanner.object(file.bytes, 0..<file.bytes.count))
    }
  }

  /// The value of a key, if this is an object that has it and it is not `null`.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let entries) = self, let value = entries.first(where: { $0.key == key })?.value else {
      return nil
    }
    if case .other("null") = value { return nil }
    return value
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  package var list: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

  /// A finite number, an integer included.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .other(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
    default: nil
    }
  }

  package var flag: Bool? {
    switch self {
    case .other("true"): true
    case .other("false"): false
    default: nil
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// As JSON, the long ones cut short.
  package var description: String {
    let text =
      switch self {
      case .object: "an object"
      case .array(let values): "[" + values.prefix(9).map(\.description).joined(separator: ", ") + "]"
      case .string(let text): quotedJSON(text)
      case .integer(let value): "\(value)"
      case .other(let text): text
      }
    return text.count > 80 ? text.prefix(79) + "…" : text
  }
}
