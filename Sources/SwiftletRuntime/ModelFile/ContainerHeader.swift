#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The JSON header of a safetensors file: where each tensor lies in the data, and the metadata.
struct ContainerHeader {
  static let metadataKey = "__metadata__"

  /// One tensor of the table; offsets count from the start of the data.
  struct Entry: Hashable {
    var type: String
    var shape: [Int]
    var offsets: Range<Int>
  }

  var entries: [String: Entry]
  var metadata: [String: String]
}

extension ContainerHeader: Decodable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyKey.self)
    entries = [:]
    metadata = [:]
    for key in container.allKeys {
      if key.stringValue == Self.metadataKey {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }
}

extension ContainerHeader.Entry: Decodable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case type = "dtype"
    case shape
    case offsets = "data_offsets"
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    type = try container.decode(String.self, forKey: .type)
    shape = try container.decode([Int].self, forKey: .shape)
    let bounds = try container.decode([Int].self, forKey: .offsets)
    guard bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1] else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "the offsets \(bounds) are no range"))
    }
    offsets = bounds[0]..<bounds[1]
  }
}

extension ContainerHeader: Encodable {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: AnyKey.self)
    try container.encode(metadata, forKey: AnyKey(stringValue: Self.metadataKey))
    for (name, entry) in entries { try container.encode(entry, forKey: AnyKey(stringValue: name)) }
  }
}

extension ContainerHeader.Entry: Encodable {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(shape, forKey: .shape)
    try container.encode([offsets.lowerBound, offsets.upperBound], forKey: .offsets)
  }
}
