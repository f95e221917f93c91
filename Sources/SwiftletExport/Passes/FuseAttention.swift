import SwiftletRuntime

extension Pass {
  /// `softmax(scale * Q K^T + mask) V` over heads that were cut from packed or separate projections, and joined again,
  /// becomes one attention on the projections themselves: no head is ever copied. Where the projections see a map cut
  /// into windows, the attention finds the windows in the map, and nothing is cut.
  static let fuseAttention = Pass(name: "fuse attention") { network in
    for name in network.graph.nodes.map(\.name) {
      guard let index = network.graph.nodes.firstIndex(where: { $0.name == name }),
        let match = AttentionMatch(endingAt: network.graph.nodes[index], in: network)
      else { continue }
      if match.isPlain, let windowed = WindowMatch(of: match, endingAt: network.graph.nodes[index], in: network) {
        try windowed.rewrite(&network)
      } else if network.takesMask(of: match) {
        network.graph.nodes[index].operation = .attention(
          heads: match.heads, scale: match.scale, keyHeads: match.keyHeads, causal: match.causal)
        network.graph.nodes[index].inputs = match.inputs + [match.mask].compactMap(\.self)
      }
    }
    try removeUnused.apply(&network)
  }
}

extension Network {
  /// Whether attention takes the mask as it is.
  fileprivate func takesMask(of match: AttentionMatch) -> Bool {
    guard let mask = match.mask else { return true }
    guard let shape = shape(of: mask), let cut = match.inputs.first.flatMap({ self.shape(of: $0) }) else {
      return false
    }
    return !shape.contains(where: \.isBatch) || shape.count == 4 && shape[0] == cut[0] && shape[1] == 1
  }
}

/// An attention found among the operations that spell it out, which read, from the last to the first:
/// reshape ← permute ← matmul ← (softmax ← [add mask] ← [multiply scale] ← matmul ← Q, K), V. Heads of keys and values
/// may be repeated, and a mask that hides each query's later keys makes the attention causal.
struct AttentionMatch {
  var heads: Int
  var scale: Double
  /// A packed projection, or three.
  var inputs: [String]
  var mask: String?
  /// Where fewer than heads of queries.
  var keyHeads: Int?
  var causal: Bool

  /// Whether every query has keys of its own and sees all of them, but for the mask.
  var isPlain: Bool { keyHeads == nil && !causal }

  init?(endingAt joined: Graph.Node, in network: Network) {
    guard let shape = joined.operation.as(Graph.Reshape.self)?.shape, shape.count == 3,
      let permuted = network.producer(of: joined.inputs[0]), permuted.operation == .permute([0, 2, 1, 3]),
      let output = network.producer(of: permuted.inputs[0]), output.operation == .matmul(transposesSecond: false),
      let softmax = network.producer(of: output.inputs[0]), let weights = softmax.operation.as(Graph.Softmax.self),
      let scores = Scores(of: softmax.inputs[0], in: network)
    else { return nil }

    var factor = scores.scale
    var query = scores.query
    if let scaled = network.producer(of: query), let (value, scale) = network.scaling(by: scaled) {
      (query, factor) = (value, factor * scale)
    }
    let (key, value) = (network.unrepeated(scores.key), network.unrepeated(output.inputs[1]))
    guard let q = HeadCut(of: query, in: network),
      let k = HeadCut(of: key, in: network, isTransposed: scores.keyIsTransposed),
      let v = HeadCut(of: value, in: network), v.heads == k.heads, q.heads % k.heads == 0
    else { return nil }
    (heads, scale, causal) = (q.heads, factor, weights.causal)
    if k.heads != q.heads { keyHeads = k.heads }

    if keyHeads == nil, q.part == 0, k.part == 1, v.part == 2, q.source == k.source, q.source == v.source {
      inputs = [q.source]
    } else if q.part == nil, k.part == nil, v.part == nil {
      inputs = [q.source, k.source, v.source]
    } else {
      return nil
    }
    mask = scores.mask
    if let name = mask, network.isCausalMask(name) { (mask, causal) = (nil, true) }

    guard let cut = network.shape(of: query), cut.count == 4,
      shape == [cut[0], cut[2], .fixed(cut[1].factor * cut[3].factor)]
    else { return nil }
  }
}

/// `scale * Q K^T + mask`, mask and scale optional.
private struct Scores {
  var query = ""
  var key = ""
  /// The heads of keys were cut and transposed in one step.
  var keyIsTransposed = false
  var scale = 1.0
  var mask: String?

  init?(of name: String, in network: Network) {
    var name = name
    while let node = network.producer(of: name) {
      if let product = node.operation.as(Graph.MatrixProduct.self) {
        query = node.inputs[0]
        key = node.inputs[1]
        if product.transposesSecond { return }
        guard let transposed = network.producer(of: key) else { return nil }
        keyIsTransposed = transposed.operation == .permute([0, 2, 3, 1])
        guard keyIsTransposed || transposed.operation == .permute([0, 1, 3, 2]) else { return nil }
        if !keyIsTransposed { key = transposed.inputs[0] }
        return
      }
      if let (value, factor) = network.scaling(by: node) {
        (name, scale) = (value, scale * factor)
      } else if node.operation == .add, mask == nil, scale == 1 {
        // The scores are the operand that a product computes; a scale outside the sum would scale the mask too.
        let isScores = node.inputs.map { network.isProduct($0) && network.shape(of: $0) == network.shape(of: name) }
        guard isScores[0] != isScores[1] else { return nil }
        mask = node.inputs[isScores[0] ? 1 : 0]
        name = node.inputs[isScores[0] ? 0 : 1]
      } else {
        return nil
      }
    }
    return nil
  }
}

/// Heads `[batch, heads, tokens, width]` cut from a projection `[batch, tokens, heads * width]`, or from one of the
/// three parts of a packed projection.
struct HeadCut {
  let source: String
  /// 0, 1 or 2 in a packed projection.
  let part: Int?
  let heads: Int

  /// - Parameter isTransposed: the heads are `[batch, heads, width, tokens]`.
  init?(of name: String, in network: Network, isTransposed: Bool = false) {
    guard let node = network.producer(of: name), var shape = network.shape(of: name), shape.count == 4 else {
      return nil
    }
    if isTransposed { shape.swapAt(2, 3) }
    guard let heads = shape[1].fixedLength, let headWidth = shape[3].fixedLength else { return nil }
    self.heads = heads
    let width = heads * headWidth
    let separate: Graph.Shape = [shape[0], shape[2], shape[1], shape[3]]
    let packed: Graph.Shape = [shape[0], shape[2], 3, shape[1], shape[3]]
    let inner = network.producer(of: node.inputs[0])

    if let cut = node.operation.as(Graph.Select.self), cut.axis == 0, let inner,
      inner.operation == .permute([2, 0, 3, 1, 4])
    {
      guard let source = network.reshaped(inner.inputs[0], to: packed) else { return nil }
      (self.source, part) = (source, cut.index.fixedLength)
      return
    }
    guard node.operation == .permute(isTransposed ? [0, 2, 3, 1] : [0, 2, 1, 3]) else { return nil }
    if let inner, let cut = inner.operation.as(Graph.Select.self), cut.axis == 2 {
      guard let source = network.reshaped(inner.inputs[0], to: packed) else { return nil }
      (self.source, part) = (source, cut.index.fixedLength)
      return
    }
    guard let whole = network.reshaped(node.inputs[0], to: separate) else { return nil }
    if let slice = network.producer(of: whole), let cut = slice.operation.as(Graph.Slice.self), cut.axis == 2,
      network.shape(of: slice.inputs[0]) == [shape[0], shape[2], .fixed(3 * width)],
      let start = cut.start.fixedLength, start.isMultiple(of: width)
    {
      (source, part) = (slice.inputs[0], start / width)
    } else {
      (source, part) = (whole, nil)
    }
  }
}

extension Network {
  /// What a reshape to `shape` reads, where it comes from `[batch, tokens, features]`.
  fileprivate func reshaped(_ name: String, to shape: Graph.Shape) -> String? {
    guard let node = producer(of: name), node.operation == .reshape(shape),
      let source = self.shape(of: node.inputs[0]), source.count == 3, source[0] == shape[0], source[1] == shape[1]
    else { return nil }
    return node.inputs[0]
  }

  /// The heads that are repeated, `[batch, heads, tokens, width]`: reshape ← expand ← reshape.
  fileprivate func unrepeated(_ name: String) -> String {
    guard let joined = producer(of: name), joined.operation.is(Graph.Reshape.self),
      let repeated = producer(of: joined.inputs[0]), let all = repeated.operation.as(Graph.Expand.self)?.shape,
      all.count == 5, let one = producer(of: repeated.inputs[0]), one.operation.is(Graph.Reshape.self),
      let few = shape(of: one.inputs[0]), few.count == 4, let heads = few[1].fixedLength,
      let times = all[2].fixedLength, shape(of: repeated.inputs[0]) == [few[0], few[1], 1, few[2], few[3]],
      all == [few[0], few[1], .fixed(times), few[2], few[3]],
      shape(of: name) == [few[0], .fixed(heads * times), few[2], few[3]]
    else { return name }
    return one.inputs[0]
  }

  /// A constant that is added to scores and hides exactly the keys behind each query's own, the last query standing at
  /// the last key.
  fileprivate func isCausalMask(_ name: String) -> Bool {
    guard let numbers = numbers[name], graph.value(named: name) == nil, let shape = shape(of: name), shape.count >= 2,
      shape.dropLast(2).allSatisfy({ $0 == 1 }), let queries = shape[shape.count - 2].fixedLength,
      let keys = shape[shape.count - 1].fixedLength, queries > 1, queries <= keys, numbers.count == queries * keys
    else { return false }
    return numbers.indices.allSatisfy { i in
      i % keys <= keys - queries + i / keys ? numbers[i] == 0 : numbers[i] <= -1e9
    }
  }

  /// The value and the factor of a product with a constant of one element.
  func scaling(by node: Graph.Node) -> (value: String, factor: Double)? {
    guard node.operation == .multiply else { return nil }
    for (value, factor) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      if let numbers = numbers[factor], numbers.count == 1, graph.value(named: value) != nil,
        shape(of: value) == shape(of: node.output)
      {
        return (value, Double(numbers[0]))
      }
    }
    return nil
  }

  fileprivate func isProduct(_ name: String) -> Bool {
    guard let node = producer(of: name) else { return false }
    if node.operation.is(Graph.MatrixProduct.self) { return true }
    return scaling(by: node).map { isProduct($0.value) } ?? false
  }
}
