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
    let keys = call.shape(k)
    guard try keys[1] == shape[1] || call.bool("enable_gqa", default: false) else {
      throw call.unsupported("its \(shape[1]) heads of queries meet \(keys[1]) of keys")
    }
    let scale = try call.number("scale", default: 1 / Double(width).squareRoot())

    let products = try lowering.emit(
      .matmul(transposesSecond: true), [lowering.name(of: q), lowering.repeated(k, heads: shape[1], call)],
      at: "\(call.place).scores")
    var scores = try lowering.emit(.multiply, [products, lowering.scalar(scale, call)], at: "\(call.place).scores")
    if let mask = try lowering.mask(call, queries: shape[2], keys: call.shape(k)[2]) {
      scores = try lowering.emit(.add, [scores, mask], at: "\(call.place).mask")
    }
    let isCausal = try call.bool("is_causal", default: false) && shape[2] == keys[2]
    let weights = try lowering.emit(
      isCausal ? .softmax(causal: true) : .softmax, [scores], at: "\(call.place).softmax")
    try lowering.emit(
      .matmul(transposesSecond: false), [weights, lowering.repeated(v, heads: shape[1], call)], as: call)
  }

  /// Keys or values once for each of the heads of queries that share them.
  private mutating func repeated(_ id: Trace.TensorID, heads: Graph.Dimension, _ call: Call) throws -> String {
    let shape = call.shape(id)
    guard shape[1] != heads else { return try name(of: id) }
    guard let few = shape[1].fixedLength, let many = heads.fixedLength, many % few == 0 else {
      throw call.unsupported("its \(heads) heads of queries cannot share \(shape[1]) of keys")
    }
    let one = try emit(.reshape([shape[0], shape[1], 1, shape[2], shape[3]]), [name(of: id)], at: call.place)
    let all = try emit(
      .expand([shape[0], shape[1], .fixed(many / few), shape[2], shape[3]]), [one], at: call.place)
    return try emit(.reshape([shape[0], heads, shape[2], shape[3]]), [all], at: call.place)
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
    // With a key for each query the softmax itself is causal; otherwise libtorch's first query stands at the first key.
    guard try call.bool("is_causal", default: false), queries != keys else { return nil }
    guard case .fixed(let rows) = queries, case .fixed(let columns) = keys else {
      throw call.unsupported("a causal mask of \(queries) queries and \(keys) keys needs fixed numbers of both")
    }
    let numbers = (0..<rows * columns).map { $0 % columns <= $0 / columns ? 0 : Self.hidden }
    return network.addConstant("\(call.place).mask", shape: [rows, columns], numbers: numbers)
  }
}
