#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Graph: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case version, name, axes, values, constants, nodes, inputs, outputs, states, metadata
  }

  public init(from decoder: any Decoder) throws {
    // The version first: a newer format may have keys that this one does not know.
    let version = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .version)
    guard (1...Self.version).contains(version) else { throw GraphError.unsupportedVersion(version) }
    if version == 1 {
      try decoder.refuseKeys(except: Set(CodingKeys.allCases.map(\.stringValue)).subtracting(["axes", "states"]))
    }
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      axes: version == 1 ? [.batch] : try container.decode([Axis].self, forKey: .axes),
      values: try container.decode([Value].self, forKey: .values),
      constants: try container.decode([Constant].self, forKey: .constants),
      nodes: try container.decode([Node].self, forKey: .nodes),
      inputs: try container.decode([String].self, forKey: .inputs),
      outputs: try container.decode([String].self, forKey: .outputs),
      states: version == 1 ? [] : try container.decode([String].self, forKey: .states),
      metadata: try container.decode(Metadata.self, forKey: .metadata))
    try validate()
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.version, forKey: .version)
    try container.encode(name, forKey: .name)
    try container.encode(axes, forKey: .axes)
    try container.encode(values, forKey: .values)
    try container.encode(constants, forKey: .constants)
    try container.encode(nodes, forKey: .nodes)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(outputs, forKey: .outputs)
    try container.encode(states, forKey: .states)
    try container.encode(metadata, forKey: .metadata)
  }

  /// Reads and validates the JSON of a graph.
  public init(json: some Sequence<UInt8>) throws(GraphError) {
    do {
      self = try JSONDecoder().decode(Graph.self, from: Data(json))
    } catch let error as GraphError {
      throw error
    } catch let error as DecodingError {
      throw .unreadable(error.sentence)
    } catch {
      throw .unreadable("\(error)")
    }
  }

  /// The JSON of a valid graph, keys sorted, so that equal graphs give equal bytes.
  public func json() throws(GraphError) -> [UInt8] {
    try validate()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(self))
    } catch {
      throw .unreadable("it cannot be written as JSON: \(error)")
    }
  }
}

extension DecodingError {
  /// What is wrong and where, in one sentence.
  var sentence: String {
    func place(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (key.map { [$0] } ?? [])).placeDescription
      return path.isEmpty ? "" : " at \(path)"
    }
    return switch self {
    case .keyNotFound(let key, let context): "the key \"\(key.stringValue)\" is missing\(place(context))"
    case .valueNotFound(_, let context): "a value is missing\(place(context))"
    case .typeMismatch(let type, let context): "expected \(type)\(place(context))"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not JSON"
    case .dataCorrupted(let context): "\(context.debugDescription)\(place(context))"
    @unknown default: "\(self)"
    }
  }
}
