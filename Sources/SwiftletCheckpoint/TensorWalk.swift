import SwiftletTensor

/// Finds the tensors in what a pickle holds and names them by the way there.
enum TensorWalk {
  /// The keys under which training scripts put the parameters.
  private static let wrappers = ["model", "state_dict", "model_state_dict", "module"]

  static func stateDictionary(of value: PickleValue) throws(CheckpointError) -> StateDictionary {
    var state = StateDictionary()
    try walk(parameters(in: value), "", &state)
    return state
  }

  private static func parameters(in value: PickleValue) -> PickleValue {
    guard case .dictionary(let entries) = value, !entries.contains(where: { $0.value.asTensor != nil }) else {
      return value
    }
    for wrapper in wrappers {
      if case .dictionary(let inner)? = value[wrapper], inner.contains(where: { $0.value.asTensor != nil }) {
        return .dictionary(inner)
      }
    }
    return value
  }

  private static func walk(_ value: PickleValue, _ path: String, _ state: inout StateDictionary) throws(CheckpointError)
  {
    func step(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    switch value {
    case .tensor(let tensor):
      guard state[path] == nil else { throw CheckpointError(.damaged, "is damaged: two tensors are named \(path)") }
      state[path] = tensor
    case .dictionary(let entries):
      for entry in entries {
        switch entry.key {
        case .string(let key): try walk(entry.value, step(key), &state)
        case .int(let key): try walk(entry.value, step("\(key)"), &state)
        default: break
        }
      }
    case .list(let items), .tuple(let items):
      for (index, item) in items.enumerated() { try walk(item, step("\(index)"), &state) }
    case .object(_, _, let inner?): try walk(inner, path, &state)
    default: break
    }
  }
}
