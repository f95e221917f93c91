extension StateDictionary {
  /// The same tensors without what a program around the network put in front of all names: `model.` of Lightning,
  /// `module.` of distributed training, `_orig_mod.` of compiled networks, `net.`, and any of them in each other.
  ///
  /// - Returns: The prefix too, empty where the names share none.
  public func withoutSharedPrefix() -> (state: StateDictionary, prefix: String) {
    // An averaged network of PyTorch counts its averages beside `module.`.
    let counter = "n_averaged"
    var state = self
    if state[counter] != nil, state.names.allSatisfy({ $0 == counter || $0.hasPrefix("module.") }) {
      state[counter] = nil
    }
    guard let first = state.first?.name.split(separator: ".", omittingEmptySubsequences: false) else {
      return (state, "")
    }
    var shared = first.count - 1
    for (name, _) in state {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      shared = Swift.min(shared, parts.count - 1, zip(parts, first).prefix { $0 == $1 }.count)
    }
    guard shared > 0 else { return (state, "") }
    let prefix = first.prefix(shared).joined(separator: ".") + "."
    return (state.part(prefix), prefix)
  }
}
