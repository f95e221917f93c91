import SwiftletRuntime

/// An attention whose queries, keys and values are projected from a map cut into windows, and whose result is projected
/// and joined to a map again: map → cut → linear → attention → linear → join.
///
/// However the cutting is spelled (rolls, reshapes, permutations), it is known by where each element goes. As a linear
/// layer does the same to every token, both layers may see the map as it is.
struct WindowMatch {
  private let match: AttentionMatch
  private let attention, query, projection: Graph.Node
  private let map, joined: String
  private var windows: Graph.AttentionWindows
  /// `[(2 size - 1)²][heads]`, where there are biases.
  private var table: [Float]?
  private var tableName = ""

  /// - Parameter node: the one that ends the attention.
  init?(of match: AttentionMatch, endingAt node: Graph.Node, in network: Network) {
    guard match.inputs.count == 1, let query = network.producer(of: match.inputs[0]), query.isPlainLinear,
      network.isReadOnce(query.output), network.isReadOnce(node.output),
      let projection = network.graph.nodes.first(where: { $0.inputs.first == node.output }), projection.isPlainLinear,
      let map = network.movementSource(of: query.inputs[0]), map != query.inputs[0],
      let joined = network.movementEnd(of: projection.output),
      let cut = network.shape(of: query.inputs[0]), let mapShape = network.shape(of: map),
      mapShape.count == 3, mapShape == network.shape(of: joined).map({ Array($0.dropLast()) + [mapShape[2]] }),
      mapShape[0] == .batch, let side = mapShape[1].fixedLength?.exactSquareRoot,
      let size = cut[1].fixedLength?.exactSquareRoot, side % size == 0, mapShape[2].fixedLength != nil
    else { return nil }
    (self.match, self.attention, self.query, self.projection) = (match, node, query, projection)
    (self.map, self.joined) = (map, joined)

    // Two images, so that nothing may depend on where in the batch an image stands.
    let (inputs, outputs) = (mapShape[2].factor, network.shape(of: joined)?.last?.factor ?? 0)
    let taken = network.movementMap(of: query.inputs[0], from: map, batch: 2)
    let first = Int(taken.first ?? 0) / inputs
    windows = Graph.AttentionWindows(side: side, size: size, shift: first % side)
    guard first == windows.shift * (side + 1), windows.shift < size else { return nil }
    let places = windows.places(images: 2)
    guard taken == Self.rows(places, width: inputs) else { return nil }
    let given = network.movementMap(of: joined, from: projection.output, batch: 2)
    var origins = Array(repeating: 0, count: places.count)
    for (origin, place) in places.enumerated() { origins[place] = origin }
    guard given == Self.rows(origins, width: outputs) else { return nil }

    guard let mask = match.mask else {
      guard windows.shift == 0 else { return nil }
      return
    }
    guard let added = network.addedScores(mask, windows: windows.count),
      let table = windows.table(of: added.biases, heads: match.heads), windows.agrees(withMask: added.mask)
    else { return nil }
    (self.table, tableName) = (table, added.name)
  }

  func rewrite(_ network: inout Network) throws {
    guard let map = network.shape(of: map) else { return }
    let inner = network.shape(of: attention.output)?.last
    network.setShape(
      of: query.output, Array(map.dropLast()) + [network.shape(of: query.output)?.last].compactMap(\.self))
    network.setShape(of: attention.output, Array(map.dropLast()) + [inner].compactMap(\.self))
    network.setShape(of: projection.output, network.shape(of: joined) ?? map)
    for index in network.graph.nodes.indices {
      switch network.graph.nodes[index].output {
      case query.output: network.graph.nodes[index].inputs[0] = self.map
      case attention.output:
        network.graph.nodes[index].operation = .attention(heads: match.heads, scale: match.scale, windows: windows)
        network.graph.nodes[index].inputs = match.inputs
      default: break
      }
    }
    network.replaceUses(of: joined, with: projection.output)
    guard let table else { return }
    // The biases spread out to pairs of tokens give way to their table, which takes their name.
    try Pass.removeUnused.apply(&network)
    var windows = windows
    windows.biases = network.addConstant(
      tableName, shape: [table.count / match.heads, match.heads], numbers: table)
    for index in network.graph.nodes.indices where network.graph.nodes[index].output == attention.output {
      network.graph.nodes[index].operation = .attention(heads: match.heads, scale: match.scale, windows: windows)
    }
  }

  /// Positions of whole rows as positions of their elements.
  private static func rows(_ rows: [Int], width: Int) -> [Int32] {
    rows.flatMap { row in (0..<width).map { Int32(row * width + $0) } }
  }
}

extension Graph.AttentionWindows {
  /// The row in its batch of maps of each token of each window.
  fileprivate func places(images: Int) -> [Int] {
    (0..<images * count * tokens).map { index in
      let (row, column) = place(ofToken: index % tokens, inWindow: index / tokens % count)
      return index / tokens / count * side * side + row % side * side + column % side
    }
  }

  /// The table of biases that `bias`, `[heads][tokens][tokens]`, is spread out from; nil where it is not.
  fileprivate func table(of bias: [Float], heads: Int) -> [Float]? {
    let span = 2 * size - 1
    guard bias.count == heads * tokens * tokens else { return nil }
    var table = [Float](repeating: .nan, count: span * span * heads)
    for (index, value) in bias.enumerated() {
      let (head, pair) = (index / (tokens * tokens), index % (tokens * tokens))
      let place = offsetRow(query: pair / tokens, key: pair % tokens) * heads + head
      if table[place].isNaN { table[place] = value }
      guard table[place] == value else { return nil }
    }
    return table
  }

  /// Whether `mask`, `[count][tokens][tokens]`, is what the shift asks for; nil is no mask.
  fileprivate func agrees(withMask mask: [Float]?) -> Bool {
    guard let mask else { return shift == 0 }
    guard mask.count == count * tokens * tokens else { return false }
    return (0..<count).allSatisfy { window in
      let crossings = (0..<tokens).map { crossing(ofToken: $0, inWindow: window) }
      return (0..<tokens * tokens).allSatisfy { pair in
        let together = crossings[pair / tokens] == crossings[pair % tokens]
        return mask[window * tokens * tokens + pair] == (together ? 0 : -100)
      }
    }
  }
}

extension Graph.Node {
  /// A linear layer that does the same to every token: no residual, no activation.
  fileprivate var isPlainLinear: Bool {
    inputs.count == 1 && operation.as(Graph.Linear.self).map { $0.activation == nil } ?? false
  }
}

extension Network {
  fileprivate mutating func setShape(of name: String, _ shape: Graph.Shape) {
    for index in graph.values.indices where graph.values[index].name == name { graph.values[index].shape = shape }
  }

  /// The one value at which the movement that begins at `name` ends.
  fileprivate func movementEnd(of name: String) -> String? {
    let next = readers(of: name)
    guard !graph.outputs.contains(name), !next.isEmpty else { return name }
    let moving = next.filter(\.operation.onlyMovesElements)
    guard moving.count == next.count else { return moving.isEmpty ? name : nil }
    let ends = Set(moving.map { movementEnd(of: $0.output) })
    return ends.count == 1 ? ends.first ?? nil : nil
  }

  /// Biases `[heads][tokens][tokens]`, their name, and mask `[count][tokens][tokens]` of what is added to the scores of
  /// windows: a constant, or the sum of one and of a mask that repeats over the images. Nil for anything else.
  fileprivate func addedScores(_ name: String, windows: Int) -> (biases: [Float], name: String, mask: [Float]?)? {
    if let biases = biasesOfHeads(name) { return (biases, name, nil) }
    guard let sum = producer(of: name), sum.operation == .add else { return nil }
    for (name, mask) in [(sum.inputs[1], sum.inputs[0]), (sum.inputs[0], sum.inputs[1])] {
      guard let biases = biasesOfHeads(name), let source = movementSource(of: mask), let numbers = numbers[source],
        let shape = shape(of: mask), shape.count == 4, shape[0] == .batch(windows), shape[1] == 1,
        shape.dropFirst().allSatisfy({ $0.fixedLength != nil })
      else { continue }
      let repeated = movementMap(of: mask, from: source, batch: 2)
      let once = repeated.prefix(repeated.count / 2)
      guard repeated.dropFirst(once.count).elementsEqual(once) else { return nil }
      return (biases, name, once.map { numbers[Int($0)] })
    }
    return nil
  }

  /// The numbers of a constant `[1, heads, tokens, tokens]`.
  private func biasesOfHeads(_ name: String) -> [Float]? {
    guard let shape = graph.constant(named: name)?.shape, shape.count == 4, shape[0] == 1 else { return nil }
    return numbers[name]
  }
}

extension Int {
  /// The side of a square of so many.
  fileprivate var exactSquareRoot: Int? {
    let root = Int(Double(self).squareRoot().rounded())
    return root > 0 && root * root == self ? root : nil
  }
}
