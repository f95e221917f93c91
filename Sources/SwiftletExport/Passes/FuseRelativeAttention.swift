import SwiftletRuntime

extension Pass {
  /// Attention whose scores depend on distances, as `attend(query:key:value:distances:…)` records it, becomes one
  /// operation: neither are scores of distances shifted in memory nor heads copied.
  static let fuseRelativeAttention = Pass(name: "fuse attention by distances") { network in
    for name in network.graph.nodes.map(\.name) {
      guard let index = network.graph.nodes.firstIndex(where: { $0.name == name }),
        let match = RelativeAttentionMatch(endingAt: network.graph.nodes[index], in: network)
      else { continue }
      let place = network.graph.nodes[index].name
      let biases = [(match.contentBias, "content"), (match.positionBias, "position")].map { numbers, title in
        numbers.map {
          network.addConstant(
            "\(place).\(title)Bias", shape: [match.heads, $0.count / match.heads], numbers: $0)
        }
      }
      network.graph.nodes[index].operation = .relativeAttention(
        heads: match.heads, scale: match.scale, contentBias: biases[0], positionBias: biases[1])
      let distances =
        switch match.distances {
        case .value(let name): name
        case .constant(let count, let numbers):
          network.addConstant(
            "\(place).distances", shape: [count, numbers.count / count], numbers: numbers)
        }
      network.graph.nodes[index].inputs = match.inputs + [distances]
    }
    try removeUnused.apply(&network)
  }
}

/// What a layer makes of distances, `[distances, heads * width]`.
private enum Distances {
  case value(String)
  /// A number of them, row by row.
  case constant(Int, [Float])
}

/// What reads, from the last to the first: reshape ← permute ← matmul ← (softmax ← [multiply scale] ← add ← (content,
/// shifted offsets), V).
private struct RelativeAttentionMatch {
  let heads: Int
  let scale: Double
  /// Queries, keys and values.
  let inputs: [String]
  let distances: Distances
  /// `[heads][width of a head]`.
  let contentBias, positionBias: [Float]?

  init?(endingAt joined: Graph.Node, in network: Network) {
    guard joined.operation.is(Graph.Reshape.self), let output = network.shape(of: joined.output), output.count == 3,
      let permuted = network.producer(of: joined.inputs[0]), permuted.operation == .permute([0, 2, 1, 3]),
      let product = network.producer(of: permuted.inputs[0]), product.operation == .matmul(transposesSecond: false),
      let softmax = network.producer(of: product.inputs[0]), softmax.operation == .softmax
    else { return nil }
    var (scores, scale) = (softmax.inputs[0], 1.0)
    while let node = network.producer(of: scores), let (value, factor) = network.scaling(by: node) {
      (scores, scale) = (value, scale * factor)
    }
    guard let sum = network.producer(of: scores), sum.operation == .add,
      let (content, offsets) = network.contentAndOffsets(sum)
    else { return nil }

    guard let v = HeadCut(of: product.inputs[1], in: network), v.part == nil,
      let (contentQuery, key) = network.factors(of: content),
      let (positionQuery, distances) = network.factors(of: offsets),
      let (query, u) = network.cutAndBias(contentQuery), let (sameQuery, w) = network.cutAndBias(positionQuery),
      query.source == sameQuery.source, query.part == nil, query.heads == v.heads,
      let k = HeadCut(of: key, in: network, isTransposed: true)
        ?? network.transposed(key).flatMap({ HeadCut(of: $0, in: network) }), k.part == nil, k.heads == v.heads,
      let rows = network.transposed(distances).flatMap({ network.distances($0, heads: v.heads) }),
      let width = output[2].fixedLength, [u, w].allSatisfy({ $0.map { $0.count == width } ?? true }),
      [query, k, v].allSatisfy({ network.shape(of: $0.source) == output })
    else { return nil }
    (heads, self.scale) = (v.heads, scale)
    (inputs, self.distances) = ([query.source, k.source, v.source], rows)
    (contentBias, positionBias) = (u, w)
  }
}

extension Network {
  /// Which operand of a sum is a product and which are shifted offsets; of the latter, before they were.
  fileprivate func contentAndOffsets(_ sum: Graph.Node) -> (content: String, offsets: String)? {
    for (content, shifted) in [(sum.inputs[0], sum.inputs[1]), (sum.inputs[1], sum.inputs[0])] {
      if let offsets = unshifted(shifted), producer(of: content)?.operation == .matmul(transposesSecond: false) {
        return (content, offsets)
      }
    }
    return nil
  }

  /// slice ← reshape ← slice ← reshape ← concatenate ← (the first column of what is found, that).
  private func unshifted(_ name: String) -> String? {
    guard let square = shape(of: name), square.count == 4, square[2] == square[3],
      let (turned, start) = cut(name, axis: 3), start == 0,
      producer(of: turned)?.operation.is(Graph.Reshape.self) == true,
      let (whole, skipped) = producer(of: turned).flatMap({ cut($0.inputs[0], axis: 2) }), skipped == 1,
      let long = producer(of: whole), long.operation.is(Graph.Reshape.self),
      let wider = producer(of: long.inputs[0]), wider.operation == .concatenate(axis: 3), wider.inputs.count == 2,
      let (offsets, first) = cut(wider.inputs[0], axis: 3), first == 0, offsets == wider.inputs[1],
      let shape = shape(of: offsets), let twice = square[2].multiplied(by: 2), let distances = twice.adding(-1),
      shape == [square[0], square[1], square[2], distances],
      self.shape(of: wider.output) == [square[0], square[1], square[2], twice],
      self.shape(of: whole) == [square[0], square[1], twice, square[2]], self.shape(of: turned) == shape
    else { return nil }
    return offsets
  }

  private func cut(_ name: String, axis: Int) -> (source: String, start: Graph.Dimension)? {
    guard let node = producer(of: name), let slice = node.operation.as(Graph.Slice.self), slice.axis == axis else {
      return nil
    }
    return (node.inputs[0], slice.start)
  }

  fileprivate func factors(of name: String) -> (first: String, second: String)? {
    guard let product = producer(of: name), product.operation == .matmul(transposesSecond: false) else { return nil }
    return (product.inputs[0], product.inputs[1])
  }

  fileprivate func transposed(_ name: String) -> String? {
    guard let node = producer(of: name), node.operation == .permute([0, 1, 3, 2]) else { return nil }
    return node.inputs[0]
  }

  /// Heads of queries, and what is added to all of a head's.
  fileprivate func cutAndBias(_ name: String) -> (cut: HeadCut, bias: [Float]?)? {
    if let cut = HeadCut(of: name, in: self) { return (cut, nil) }
    guard let sum = producer(of: name), sum.operation == .add else { return nil }
    for (query, bias) in [(sum.inputs[0], sum.inputs[1]), (sum.inputs[1], sum.inputs[0])] {
      guard let cut = HeadCut(of: query, in: self), let numbers = numbers[bias], graph.value(named: bias) == nil,
        let shape = shape(of: bias), shape.count >= 3, shape.dropLast(3).allSatisfy({ $0 == 1 }),
        shape[shape.count - 3] == .fixed(cut.heads), shape[shape.count - 2] == 1
      else { continue }
      return (cut, numbers)
    }
    return nil
  }

  /// The rows whose heads are cut and repeated for each sample: expand ← permute ← reshape, or expand ← a constant.
  fileprivate func distances(_ name: String, heads: Int) -> Distances? {
    guard let repeated = producer(of: name), let all = repeated.operation.as(Graph.Expand.self)?.shape, all.count == 4
    else { return nil }
    if let numbers = numbers[repeated.inputs[0]], graph.value(named: repeated.inputs[0]) == nil {
      guard let count = all[2].fixedLength, let width = all[3].fixedLength, numbers.count == heads * count * width,
        shape(of: repeated.inputs[0])?.suffix(3) == [.fixed(heads), all[2], all[3]]
      else { return nil }
      var rows: [Float] = []
      for row in 0..<count {
        for head in 0..<heads {
          let start = (head * count + row) * width
          rows += numbers[start..<start + width]
        }
      }
      return .constant(count, rows)
    }
    guard let turned = producer(of: repeated.inputs[0]), turned.operation == .permute([1, 0, 2]),
      let cut = producer(of: turned.inputs[0]), cut.operation.is(Graph.Reshape.self),
      let width = all[3].fixedLength, shape(of: turned.inputs[0]) == [all[2], .fixed(heads), all[3]]
    else { return nil }
    let rows: Graph.Shape = [all[2], .fixed(heads * width)]
    guard let found = shape(of: cut.inputs[0]), found == rows || found == [1] + rows else { return nil }
    return .value(cut.inputs[0])
  }
}
