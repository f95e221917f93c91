import SwiftletTensor

/// Named tensors in an order, with strings beside them: what a checkpoint file holds and a model loads.
public struct StateDictionary {
  /// The tensors' names, in order.
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]
  /// What the file says about itself.
  public var metadata: [String: String] = [:]

  public init() {}

  /// The tensor of this name; a new name goes to the end, nil removes one.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      if newValue == nil {
        names.removeAll { $0 == name }
      } else if tensors[name] == nil {
        names.append(name)
      }
      tensors[name] = newValue
    }
  }
}

extension StateDictionary: Sequence {
  /// Names and tensors, in order.
  public func makeIterator() -> AnyIterator<(name: String, tensor: Tensor)> {
    var index = 0
    return AnyIterator {
      guard index < names.count, let tensor = tensors[names[index]] else { return nil }
      defer { index += 1 }
      return (names[index], tensor)
    }
  }
}
