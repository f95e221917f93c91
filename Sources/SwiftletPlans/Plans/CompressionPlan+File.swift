import Foundation
import SwiftletFiles
import SwiftletRuntime

/// The plan file: JSON with one line a layer, in the order of the blocks, so that two plans compare line by line.
///
/// ```json
/// {
///   "format": "swiftlet.plan",
///   "version": 2,
///   "layers": [
///     { "layer": "blocks.0.attn.keys", "rank": 96, "headGroup": 4, "keyBits": 4 },
///     { "layer": "blocks.0.mlp.fc1", "pattern": "2:4", "precision": "int8" }
///   ]
/// }
/// ```
/// A line of version 2 holds the decisions that were made. Version 1 holds pattern and precision, both on every line; a plan
/// that says no more than that is still written so, and older programs read it. Version 3 has a key `method` beside the
/// layers, and is written where there is one. Unknown keys, layers named twice and newer versions are errors.
extension CompressionPlan: Codable {
  private static let format = "swiftlet.plan"
  /// The newest version that is read.
  private static let version = 3

  /// The oldest version that can say this.
  private var version: Int {
    if method != nil { return 3 }
    return choices.values.allSatisfy { $0.decided == Entry.first } ? 1 : 2
  }

  private enum Key: String, CodingKey, CaseIterable { case format, version, method, layers }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: Key.self)
    let format = try container.decode(String.self, forKey: .format)
    guard format == Self.format else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container, debugDescription: "expected “\(Self.format)”, found “\(format)”")
    }
    let version = try container.decode(Int.self, forKey: .version)
    guard (1...Self.version).contains(version) else {
      throw DecodingError.dataCorruptedError(
        forKey: .version, in: container,
        debugDescription: "this program reads versions 1 to \(Self.version), the plan has version \(version)")
    }

    let method = try container.decodeIfPresent(String.self, forKey: .method)
    guard method == nil || version >= 3 else {
      throw DecodingError.dataCorruptedError(
        forKey: .method, in: container, debugDescription: "a plan of version \(version) has no method")
    }
    var choices: [String: LayerChoice] = [:]
    var layers = try container.nestedUnkeyedContainer(forKey: .layers)
    while !layers.isAtEnd {
      let entry = try Entry(layers.superDecoder(), version: version)
      guard choices.updateValue(entry.choice, forKey: entry.layer) == nil else {
        throw DecodingError.dataCorruptedError(
          in: layers, debugDescription: "layer \(entry.layer) is named twice")
      }
    }
    self.init(choices, for: method)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Self.format, forKey: .format)
    try container.encode(version, forKey: .version)
    try container.encodeIfPresent(method, forKey: .method)
    try container.encode(
      paths.compactMap { path in self[path].map { Entry(layer: path, choice: $0) } }, forKey: .layers)
  }

  /// One layer's line.
  private struct Entry: Encodable {
    /// What every line of version 1 decides.
    static let first: [LayerChoice.Axis] = [.pattern, .precision]

    private enum Key: String, CodingKey { case layer }

    let layer: String
    let choice: LayerChoice

    init(layer: String, choice: LayerChoice) {
      (self.layer, self.choice) = (layer, choice)
    }

    init(_ decoder: any Decoder, version: Int) throws {
      let axes = version == 1 ? Self.first : LayerChoice.axes.map(\.axis)
      try decoder.refuseKeys(except: ["layer"] + axes.map(\.rawValue))
      layer = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .layer)
      choice = try LayerChoice(from: decoder)
      if version == 1, let missing = axes.first(where: { !choice.decided.contains($0) }) {
        throw DecodingError.keyNotFound(missing, .init(codingPath: decoder.codingPath, debugDescription: ""))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(layer, forKey: .layer)
      try choice.encode(to: encoder)
    }
  }
}

extension CompressionPlan {
  /// Reads the text of a plan file.
  public init(json: Data) throws(CompressionPlanError) {
    do {
      self = try StrictJSON.decode(CompressionPlan.self, from: json)
    } catch {
      throw .malformed(StrictJSON.sentence(of: error))
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
    return (try? StrictJSON.decode(Name.self, from: data))?.format == format
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
        let decisions = LayerChoice.axes.compactMap { row in row.json(choice).map { "\"\(row.axis.rawValue)\": \($0)" }
        }
        return "    { \((["\"layer\": \(path.quotedAsJSON)"] + decisions).joined(separator: ", ")) }"
      }
    }
    let layers = lines.isEmpty ? "[]" : "[\n\(lines.joined(separator: ",\n"))\n  ]"
    let words = method.map { "\"method\": \($0.quotedAsJSON),\n  " } ?? ""
    return """
      {
        "format": "\(Self.format)",
        "version": \(version),
        \(words)"layers": \(layers)
      }

      """
  }
}
