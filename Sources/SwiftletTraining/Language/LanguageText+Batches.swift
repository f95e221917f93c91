import SwiftletLanguage
import SwiftletTensor

extension LanguageText {
  /// Neighbours of one length, together up to 4,096 tokens.
  var batches: [Range<Int>] {
    var (batches, start) = ([Range<Int>](), 0)
    while start < stretches.count {
      let length = stretches[start].count
      let most = max(1, 4096 / length)
      let end = stretches[start...].prefix(most).prefix { $0.count == length }.endIndex
      batches.append(start..<end)
      start = end
    }
    return batches
  }

  /// What a network reads of a batch, `[stretches, tokens]`, and the token behind each.
  func ids(_ batch: Range<Int>, device: Device = .cpu) -> (read: Tensor, wanted: Tensor) {
    let all = tensor(batch, device: device)
    let length = all.shape[1]
    return (
      all.narrowed(along: 1, from: 0, count: length - 1), all.narrowed(along: 1, from: 1, count: length - 1)
    )
  }

  /// The stretches as batches of token ids, `[stretches, tokens]` each, for calibration.
  public var tensors: [Tensor] { batches.map { tensor($0) } }

  private func tensor(_ batch: Range<Int>, device: Device = .cpu) -> Tensor {
    Tensor(
      stretches[batch].flatMap { $0.map(Int64.init) }, shape: [batch.count, stretches[batch.lowerBound].count],
      device: device)
  }
}
