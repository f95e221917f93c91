import OrderedCollections
import SwiftletTensor

/// Named tensors in order, with text metadata: what a checkpoint holds.
public struct StateDictionary: RandomAccessCollection, Sendable {
  public typealias Element = (name: String, tensor: Tensor)

  private var tensors: OrderedDictionary<String, Tensor>
  public var metadata: [String: String]

  public init(metadata: [String: String] = [:]) { (tensors, self.metadata) = ([:], metadata) }

  /// - Precondition: no name appears twice.
  public init(_ entries: some Sequence<(String, Tensor)>, metadata: [String: String] = [:]) {
    self.init(metadata: metadata)
    for (name, tensor) in entries {
      precondition(self[name] == nil, "StateDictionary: \(name) appears twice")
      self[name] = tensor
    }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { tensors.count }
  public subscript(position: Int) -> Element {
    let (name, tensor) = tensors.elements[position]
    return (name, tensor)
  }

  public var names: [String] { Array(tensors.keys) }

  /// The tensor of this name. A new name goes to the end; nil removes one.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set { tensors[name] = newValue }
  }

  /// The tensors whose names start with `prefix`, without it: those of one part of a checkpoint.
  public func part(_ prefix: String) -> StateDictionary {
    StateDictionary(
      lazy.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) },
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
  public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }
}
