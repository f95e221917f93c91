import SwiftletFiles

extension Graph {
  /// How the numbers of a constant lie in the model file.
  public enum Encoding: Hashable, Sendable {
    /// Row-major, every element. `s8` brings one f32 scale for each index of the first axis (an output channel).
    case dense(ElementType)
    /// A matrix `[outputs, inputs]` of which only `kept` of every `group` consecutive inputs are stored, with their
    /// indices in the group. `s8` brings one f32 scale an output.
    case sparse(SparsityPattern, ElementType)
    /// A matrix `[outputs, inputs]` in 4 bits a weight, of which every 32, 64 or 128 consecutive inputs share an f16 scale
    /// and an f16 offset: `real = offset + scale * code`.
    case grouped(Int)

    /// The type of a stored element.
    public var type: ElementType {
      switch self {
      case .dense(let type), .sparse(_, let type): type
      case .grouped: .uint4
      }
    }

    /// How many consecutive inputs share a scale, where weights are in 4 bits.
    public var scaleGroup: Int? {
      if case .grouped(let size) = self { size } else { nil }
    }

    public var pattern: SparsityPattern? {
      if case .sparse(let pattern, _) = self { pattern } else { nil }
    }
  }

  /// A weight, bias or table that the model file holds.
  public struct Constant: Hashable, Sendable {
    public var name: String
    public var shape: [Int]
    public var encoding: Encoding

    public init(name: String, shape: [Int], encoding: Encoding = .dense(.float32)) {
      self.name = name
      self.shape = shape
      self.encoding = encoding
    }
  }
}

extension Graph.Constant {
  /// Throws what no constant may be, whatever reads it.
  package func validate() throws(GraphError) {
    guard shape.count <= Graph.Limit.rank, shape.allSatisfy({ (1...Graph.Limit.dimension).contains($0) }),
      Graph.elementCount(shape) != nil
    else {
      throw .invalid(part: name, reason: "the shape \(shape) has too many axes, one below 1 or too many elements")
    }
    switch encoding {
    case .dense(.uint8): throw .invalid(part: name, reason: "constants cannot be u8")
    case .dense(.uint4): throw .invalid(part: name, reason: "u4 weights have scales for groups of them")
    case .dense(.int8):
      guard !shape.isEmpty else { throw .invalid(part: name, reason: "an s8 constant has an axis") }
    case .dense: break
    case .sparse(let pattern, let type):
      guard [.float32, .bfloat16, .int8].contains(type) else {
        throw .invalid(part: name, reason: "sparse weights are f32, bf16 or s8, found \(type.rawValue)")
      }
      guard shape.count == 2, shape[1] % pattern.group == 0 else {
        throw .invalid(
          part: name,
          reason: "the shape \(shape) is no matrix whose rows divide into groups of \(pattern.group)")
      }
    case .grouped(let size):
      guard Int4Groups.sizes.contains(size), shape.count == 2, shape[1] % size == 0 else {
        throw .invalid(
          part: name,
          reason: "the shape \(shape) is no matrix whose rows divide into groups of \(size): 32, 64 or 128")
      }
    }
  }
}

extension Graph.Encoding: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case type, kept, group, scaleGroup }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let type = try container.decode(Graph.ElementType.self, forKey: .type)
    if type == .uint4 || container.contains(.scaleGroup) {
      guard type == .uint4, !container.contains(.kept), !container.contains(.group) else {
        throw GraphError.unreadable(
          "u4 weights, and no others, have a scaleGroup, and none have a pattern besides\(decoder.placeDescription)")
      }
      self = .grouped(try container.decode(Int.self, forKey: .scaleGroup))
    } else if container.contains(.kept) || container.contains(.group) {
      let kept = try container.decode(Int.self, forKey: .kept)
      let group = try container.decode(Int.self, forKey: .group)
      do {
        self = .sparse(try SparsityPattern(validating: kept, of: group), type)
      } catch {
        throw GraphError.unreadable("the \(error)\(decoder.placeDescription)")
      }
    } else {
      self = .dense(type)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encodeIfPresent(pattern?.kept, forKey: .kept)
    try container.encodeIfPresent(pattern?.group, forKey: .group)
    if case .grouped(let size) = self { try container.encode(size, forKey: .scaleGroup) }
  }
}

extension Graph.Constant: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case name, shape, encoding }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    shape = try container.decode([Int].self, forKey: .shape)
    encoding = try container.decode(Graph.Encoding.self, forKey: .encoding)
  }
}
