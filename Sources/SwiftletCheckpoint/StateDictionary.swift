import SwiftletTensor

/// Named tensors in order, with text metadata: what a checkpoint holds.
public struct StateDictionary: RandomAccessCollection, Sendable {
  public typealias Element = (name: String, tensor: Tensor)

  private var entries: [Element]
  private var positions: [String: Int]
  public var metadata: [String: String]

  public init(metadata: [String: String] = [:]) { (entries, positions, self.metadata) = ([], [:], metadata) }

  /// - Precondition: no name appears twice.
  public init(_ entries: some Sequence<(String, Tensor)>, metadata: [String: String] = [:]) {
    self.init(metadata: metadata)
    for (name, tensor) in entries {
      precondition(self[name] == nil, "StateDictionary: \(name) appears twice")
      self[name] = tensor
    }
  }

  init(unique entries: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    self.init(metadata: metadata)
    for entry in entries { self[entry.name] = entry.tensor }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { entries.count }
  public subscript(position: Int) -> Element { entries[position] }

  public var names: [String] { entries.map(\.name) }

  /// The tensor of this name. A new name goes to the end; nil removes one.
  public subscript(name: String) -> Tensor? {
    get { positions[name].map { entries[$0].tensor } }
    set {
      switch (positions[name], newValue) {
      case (let position?, let tensor?): entries[position].tensor = tensor
      case (nil, let tensor?):
        positions[name] = entries.count
        entries.append((name, tensor))
      case (let position?, nil):
        entries.remove(at: position)
        positions = [:]
        for (position, entry) in entries.enumerated() { positions[entry.name] = position }
      case (nil, nil): break
      }
    }
  }

  /// The tensors whose names start with `prefix`, without it: those of one part of a checkpoint.
  public func part(_ prefix: String) -> StateDictionary {
    StateDictionary(
      unique: entries.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) },
      metadata: metadata)
  }

  /// All of `other` under names that start with `prefix`.
  ///
  /// - Precondition: none of the names is taken.
  public mutating func add(_ other: StateDictionary, prefix: String = "") {
    for (name, tensor) in other {
      precondition(self[prefix + name] == nil, "StateDictionary.add: \(prefix + name) is there already")
      self[prefix + name] = tensor
    }
  }

  /// Bytes of all tensors.
  public var byteCount: Int { entries.reduce(0) { $0 + $1.tensor.byteCount } }
}
