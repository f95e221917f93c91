import SwiftletTensor

/// Attention whose scores depend on how far a key is from a query:
/// `softmax(scale ((query + u) keyᵀ + shifted((query + v) distancesᵀ))) value`.
///
/// Shapes: query, key, value and the result are `[batch, heads, tokens, width]`, the biases u and v `[heads, width]`.
/// `distances` is `[heads, 2 tokens - 1, width]`, what a layer makes of the distances tokens - 1, …, 0, …, 1 - tokens
/// of a query from a key before it: query i meets key j with row `tokens - 1 - i + j`.
///
/// - Parameter scale: `1 / sqrt(width)` when nil.
///
/// Source: Dai et al., "Transformer-XL" (2019), section 3.3, with distances to both sides.
public func attend(
  query: Tensor, key: Tensor, value: Tensor, distances: Tensor, contentBias: Tensor, positionBias: Tensor,
  scale: Double? = nil
) -> Tensor {
  let (batch, heads, tokens, width) = query.shape4
  precondition(
    distances.shape == [heads, 2 * tokens - 1, width],
    "attend: \(tokens) tokens of \(heads) heads need distances [\(heads), \(2 * tokens - 1), \(width)], found "
      + "\(distances.shape)")
  let content = (query + contentBias.unsqueezed(1)).matmul(key.transposed(-2, -1))
  let repeated = distances.expanded([batch, heads, 2 * tokens - 1, width])
  let offsets = (query + positionBias.unsqueezed(1)).matmul(repeated.transposed(-2, -1))
  let scores = (content + shifted(offsets)) * (scale ?? 1 / Double(width).squareRoot())
  return scores.softmax(along: -1).matmul(value)
}

/// `[batch, heads, tokens, tokens]` of `[batch, heads, tokens, 2 tokens - 1]`: element (i, j) is (i, tokens - 1 - i +
/// j).
///
/// A column more in front makes each row a step longer than the rows that it is then read in, so that row i begins i
/// steps earlier. No element of that column is left in the end.
private func shifted(_ offsets: Tensor) -> Tensor {
  let (batch, heads, tokens, distances) = offsets.shape4
  let wider = Tensor.concatenated([offsets.narrowed(along: 3, from: 0, count: 1), offsets], along: 3)
  let turned = wider.reshaped([batch, heads, 2 * tokens, tokens]).narrowed(along: 2, from: 1, count: distances)
  return turned.reshaped([batch, heads, tokens, distances]).narrowed(along: 3, from: 0, count: tokens)
}
