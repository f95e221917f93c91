import SwiftletFiles

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
      metadata: version == 1
        ? try container.decode(Metadata.First.self, forKey: .metadata).metadata
        : try container.decode(Metadata.self, forKey: .metadata))
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
      self = try StrictJSON.decode(Graph.self, from: json)
    } catch let error as GraphError {
      throw error
    } catch {
      throw .unreadable(StrictJSON.sentence(of: error))
    }
  }

  /// The JSON of a valid graph, keys sorted, so that equal graphs give equal bytes.
  public func json() throws(GraphError) -> [UInt8] {
    try validate()
    do { return try StrictJSON.encode(self) } catch {
      throw .unreadable("it cannot be written as JSON: \(error)")
    }
  }
}
