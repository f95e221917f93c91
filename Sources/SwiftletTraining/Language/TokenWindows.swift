import SwiftletData
import SwiftletFiles
import SwiftletTensor

/// Windows of a stream of token ids, and for each token the one behind it.
struct TokenWindows: BatchSource {
  let ids: [Int32]
  let window: Int

  /// Windows that lie side by side.
  var count: Int { max(0, (ids.count - 1) / window) }

  /// In every epoch a window begins somewhere else: up to its length behind its place.
  func batchMaker(
    threads: Int
  ) -> @Sendable (_ members: [Int], _ random: BatchRandom) throws -> HostTokenBatch {
    { members, random in
      var tokens: [Int32] = []
      tokens.reserveCapacity(members.count * (window + 1))
      for member in members {
        var random = random.sample(member)
        let start = min(member * window + random.index(below: window), ids.count - window - 1)
        tokens += ids[start...start + window]
      }
      return HostTokenBatch(indices: members, tokens: tokens, length: window + 1)
    }
  }
}

/// Token ids side by side as plain numbers.
struct HostTokenBatch: Hashable, HostBatchConvertible {
  let indices: [Int]
  /// `[count, length]`.
  let tokens: [Int32]
  let length: Int

  /// `ids`, `[count, length - 1]`, int64, and `targets`, the token behind each.
  func tensors() -> Batch {
    let all = Tensor(tokens.map(Int64.init), shape: [indices.count, length])
    var batch = Batch(indices: indices)
    batch["ids"] = all.narrowed(along: 1, from: 0, count: length - 1)
    batch["targets"] = all.narrowed(along: 1, from: 1, count: length - 1)
    return batch
  }
}
