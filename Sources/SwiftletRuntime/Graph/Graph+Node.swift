import SwiftletFiles

extension Graph {
  /// One step of the computation.
  public struct Node: Hashable, Sendable {
    /// The path of the layer that it came from, such as `blocks.0.attn.qkv`; for messages and profiles.
    public var name: String
    public var operation: Operation
    /// Names of values or constants.
    public var inputs: [String]
    /// The name of the value that it computes.
    public var output: String

    public init(name: String, operation: Operation, inputs: [String], output: String) {
      self.name = name
      self.operation = operation
      self.inputs = inputs
      self.output = output
    }
  }
}

extension Graph.Node: Codable {
  /// The keys of every node; the operation's settings stand beside them.
  enum CodingKeys: String, CodingKey, CaseIterable { case name, operation, inputs, output }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    inputs = try container.decode([String].self, forKey: .inputs)
    output = try container.decode(String.self, forKey: .output)
    let operationName = try container.decode(String.self, forKey: .operation)
    guard let type = Graph.Operation.byName[operationName] else {
      throw GraphError.unreadable("unknown operation \"\(operationName)\"\(decoder.placeDescription)")
    }
    try decoder.refuseKeys(except: Set(CodingKeys.allCases.map(\.stringValue) + type.settings))
    operation = try Graph.Operation(type.init(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(operation.name, forKey: .operation)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(output, forKey: .output)
    try operation.base.encode(to: encoder)
  }
}
