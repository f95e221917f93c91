import SwiftletTensor

extension LlamaModel {
  /// The likeliest next token, again and again: `ids` with up to `count` more behind them.
  ///
  /// Every token reads the whole text anew, without a cache: this is for checks.
  /// - Parameter ends: whether it ends behind a token of ``LlamaConfiguration/endTokens``.
  /// - Precondition: `ids` are of the vocabulary, at least one.
  public func continuation(of ids: [Int], count: Int, ends: Bool = true) -> [Int] {
    precondition(!ids.isEmpty, "LlamaModel.continuation: there is no token to go on from")
    return withNoGradient {
      var ids = ids
      for _ in 0..<count {
        let features = features(Tensor(ids.map(Int64.init), shape: [1, ids.count]))
        let last = features.narrowed(along: 1, from: ids.count - 1, count: 1).reshaped([1, configuration.width])
        let next = Int(scores(of: last).argmax(along: 1).item())
        ids.append(next)
        if ends, configuration.endTokens.contains(next) { break }
      }
      return ids
    }
  }
}
