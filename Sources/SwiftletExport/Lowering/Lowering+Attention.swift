import SwiftletRuntime

extension Lowering {
  static let attentionRules: [String: Rule] = ["aten::scaled_dot_product_attention": attention]

  /// `softmax(scale * Q K^T + mask) V` over `[batch, heads, tokens, width]`, spelled out; `FuseAttention` makes one
  /// operation of it.
  private static let attention: Rule = { lowering, call in
    let (q, k, v) = (try call.tensor("query"), try call.tensor("key"), try call.tensor("value"))
    let shape = call.shape(q)
    guard shape.count == 4, case .fixed(let width) = shape[3], call.shape(k).count == 4 else {
      throw call.unsupported("expected [batch, heads, tokens, width]")
    }
    guard try call.number("dropout_p", default: 0) == 0 else {
      throw call.unsupported("it drops attention weights at random")
    }
    guard call.shape(k)[1] == shape[1] else { throw call.unsupported("heads that share keys have no counterpart yet") }
    let scale = try call.number("scale", default: 1 / Double(width).squareRoot())

    let products = try lowering.emit(
      .matmul(transposesSecond: true), [lowering.name(of: q), lowering.name(of: k)], at: "\(call.place).scores")
    var scores = try lowering.emit(.multiply, [products, lowering.scalar(scale, call)], at: "\(call.place).scores")
    if let mask = try lowering.mask(call, queries: shape[2], keys: call.shape(k)[2]) {
      scores = try lowering.emit(.add, [scores, mask], at: "\(call.place).mask")
    }
    let weights = try lowering.emit(.softmax, [scores], at: "\(call.place).softmax")
    try lowering.emit(.matmul(transposesSecond: false), [weights, lowering.name(of: v)], as: call)
  }

  /// What is added to a score that a mask hides: nothing is left of it after the softmax, and a file can hold it.
  private static let hidden: Float = -1e30

  /// What is added to the scores: the given mask, or one that hides each query's later keys.
  private mutating func mask(_ call: Call, queries: Graph.Dimension, keys: Graph.Dimension) throws -> String? {
    if let mask = call.optionalTensor("attn_mask") {
      guard call.trace[mask].dataType != .bool else {
        guard call.trace[mask].isConstant else {
          throw call.unsupported("its mask of true and false depends on the input")
        }
        let numbers = try numbers(of: mask).map { $0 != 0 ? 0 : Self.hidden }
        return network.addConstant("\(call.place).mask", shape: call.trace[mask].value.shape, numbers: numbers)
      }
      return try name(of: mask)
    }
    guard try call.bool("is_causal", default: false) else { return nil }
    guard case .fixed(let rows) = queries, case .fixed(let columns) = keys else {
      throw call.unsupported("a causal mask needs a fixed number of tokens")
    }
    let numbers = (0..<rows * columns).map { $0 % columns <= $0 / columns ? 0 : Self.hidden }
    return network.addConstant("\(call.place).mask", shape: [rows, columns], numbers: numbers)
  }
}
