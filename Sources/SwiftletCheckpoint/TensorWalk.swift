import SwiftletTensor

/// Finds the tensors in what a pickle holds and names them by the way there.
enum TensorWalk {
  /// The keys under which training scripts put the parameters, and their average over the steps.
  static let trained = ["model", "state_dict", "model_state_dict", "module"]
  static let averaged = ["state_dict_ema", "model_ema", "model_ema_state_dict", "ema_state_dict", "ema"]

  /// - Parameter averages: whether the average over the steps is wanted, not the parameters themselves.
  static func stateDictionary(
    of value: PickleValue, averages: Bool = false
  ) throws(CheckpointError) -> (state: StateDictionary, choice: WeightChoice?) {
    let own = parameters(in: value, under: trained)
    let average = parameters(in: value, under: averaged)
    let taken = averages ? average : own ?? average
    guard taken != nil || !averages else { throw .noAverage }
    var state = StateDictionary()
    try walk(taken?.value ?? value, "", &state)
    let left = taken?.key == own?.key ? average : own
    return (state, taken.flatMap { taken in left.map { WeightChoice(taken: taken.key, left: $0.key) } })
  }

  /// The first entry under one of these keys that holds tensors, itself or wrapped once more.
  private static func parameters(
    in value: PickleValue, under keys: [String]
  ) -> (key: String, value: PickleValue)? {
    for key in keys {
      guard let entry = value[key], case .dictionary(let inner) = entry else { continue }
      if inner.contains(where: { $0.value.asTensor != nil }) { return (key, entry) }
      for wrapper in trained {
        if case .dictionary(let wrapped)? = entry[wrapper], wrapped.contains(where: { $0.value.asTensor != nil }) {
          return (key, .dictionary(wrapped))
        }
      }
    }
    return nil
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
