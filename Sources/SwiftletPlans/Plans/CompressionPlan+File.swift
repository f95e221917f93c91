import Foundation
import SwiftletFiles
import SwiftletRuntime

/// The plan file: JSON with one line a layer, in the order of the blocks, so that two plans compare line by line.
///
/// ```json
/// {
///   "format": "swiftlet.plan",
///   "version": 1,
///   "layers": [
///     { "layer": "blocks.0.attn.proj", "pattern": "2:4", "precision": "fp32" },
///     { "layer": "blocks.0.attn.qkv", "pattern": "1:4", "precision": "int8" }
///   ]
/// }
/// ```
/// Unknown keys, layers named twice and newer versions are errors.
extension CompressionPlan: Codable {
  private static let format = "swiftlet.plan"
  private static let version = 1

  private enum Key: String, CodingKey, CaseIterable { case format, version, layers }
  private enum LayerKey: String, CodingKey, CaseIterable { case layer, pattern, precision }

  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(Key.self)
    let container = try decoder.container(keyedBy: Key.self)
    let format = try container.decode(String.self, forKey: .format)
    guard format == Self.format else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container, debugDescription: "expected “\(Self.format)”, found “\(format)”")
    }
    let version = try container.decode(Int.self, forKey: .version)
    guard version == Self.version else {
      throw DecodingError.dataCorruptedError(
        forKey: .version, in: container,
        debugDescription: "this program reads version \(Self.version), the plan has version \(version)")
    }

    var choices: [String: LayerChoice] = [:]
    var layers = try container.nestedUnkeyedContainer(forKey: .layers)
    while !layers.isAtEnd {
      let entry = try layers.decode(Entry.self)
      guard choices.updateValue(entry.choice, forKey: entry.layer) == nil else {
        throw DecodingError.dataCorruptedError(
          in: layers, debugDescription: "layer \(entry.layer) is named twice")
      }
    }
    self.init(choices)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Self.format, forKey: .format)
    try container.encode(Self.version, forKey: .version)
    try container.encode(
      paths.compactMap { path in self[path].map { Entry(layer: path, choice: $0) } }, forKey: .layers)
  }

  /// One layer's line.
  private struct Entry: Codable {
    let layer: String
    let choice: LayerChoice

    init(layer: String, choice: LayerChoice) {
      (self.layer, self.choice) = (layer, choice)
    }

    init(from decoder: any Decoder) throws {
      try decoder.rejectUnknownKeys(LayerKey.self)
      let container = try decoder.container(keyedBy: LayerKey.self)
      layer = try container.decode(String.self, forKey: .layer)
      choice = LayerChoice(
        pattern: try container.decode(SparsityPattern.self, forKey: .pattern),
        precision: try container.decode(Precision.self, forKey: .precision))
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: LayerKey.self)
      try container.encode(layer, forKey: .layer)
      try container.encode(choice.pattern, forKey: .pattern)
      try container.encode(choice.precision, forKey: .precision)
    }
  }
}

extension CompressionPlan {
  /// Reads the text of a plan file.
  public init(json: Data) throws(CompressionPlanError) {
    do {
      self = try JSONDecoder().decode(CompressionPlan.self, from: json)
    } catch let error as DecodingError {
      throw .malformed(error.sentence)
    } catch {
      throw .malformed("\(error)")
    }
  }

  /// Reads a plan file.
  public init(contentsOf file: URL) throws(CompressionPlanError) {
    let data: Data
    do { data = try Data(contentsOf: file) } catch {
      throw .unreadable(file.path, reason: reason(of: error))
    }
    do { try self.init(json: data) } catch .malformed(let reason) {
      throw .malformed("\(file.path): \(reason)")
    }
  }

  /// Writes a plan file, whole or not at all.
  public func write(to file: URL) throws(CompressionPlanError) {
    do { try AtomicFile.write(json, replacing: file.path) } catch {
      throw .unwritable(file.path, reason: reason(of: error))
    }
  }

  /// Whether the file says that it is a plan, whatever its layers.
  public static func isPlan(at file: URL) -> Bool {
    guard let data = try? Data(contentsOf: file, options: .mappedIfSafe) else { return false }
    return (try? JSONDecoder().decode(Name.self, from: data))?.format == format
  }

  /// Whether the file is byte for byte what writing its plan would make of it.
  public static func isWritten(at file: URL) -> Bool {
    guard let data = try? Data(contentsOf: file), let plan = try? CompressionPlan(json: data) else { return false }
    return data == Data(plan.json.utf8)
  }

  /// What every version of a plan file begins with.
  private struct Name: Decodable { let format: String }

  /// The text of a plan file, the same bytes for equal plans.
  public var json: String {
    let lines = paths.compactMap { path in
      self[path].map { choice in
        let layer = "\"layer\": \(Self.quoted(path)), \"pattern\": \"\(choice.pattern)\""
        return "    { \(layer), \"precision\": \"\(choice.precision.rawValue)\" }"
      }
    }
    let layers = lines.isEmpty ? "[]" : "[\n\(lines.joined(separator: ",\n"))\n  ]"
    return """
      {
        "format": "\(Self.format)",
        "version": \(Self.version),
        "layers": \(layers)
      }

      """
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.value < 0x20: String(format: "\\u%04x", scalar.value)
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
