import SwiftletRuntime

extension LanguageProgram {
  /// Throws the first rule that the program breaks: sizes within limits, every constant there once, used, and of the shape
  /// and type that its reader expects.
  public func validate() throws(LanguageError) {
    try check("vocabulary", vocabulary, in: 1...Self.most)
    try check("contextLength", contextLength, in: 1...Self.most)
    try check("width", width, in: 1...65_536)
    try check("headWidth", headWidth, in: 1...65_536)
    try check("heads", heads, in: 1...4096)
    try check("keyHeads", keyHeads, in: 1...heads)
    try check("hidden", hidden, in: 1...1 << 20)
    try check("the number of layers", layers.count, in: 1...1024)
    guard heads.isMultiple(of: keyHeads) else {
      throw .program(reason: "\(heads) heads cannot share \(keyHeads) heads of keys")
    }
    guard normEpsilon >= 0, normEpsilon < 1 else { throw .program(reason: "normEpsilon is \(normEpsilon)") }
    for token in ends + [beginning].compactMap({ $0 }) where !(0..<vocabulary).contains(token) {
      throw .program(reason: "the token \(token) is none of a vocabulary of \(vocabulary)")
    }
    var rules = ConstantRules(constants)
    try rules.index()
    try rules.table(embedding, [vocabulary, width])
    try rules.vector(norm, width)
    try rules.matrix(head, outputs: vocabulary, inputs: width)
    switch positions {
    case .rotary(let frequencies, let factor):
      guard headWidth.isMultiple(of: 2) else { throw .program(reason: "a head of \(headWidth) has no pairs to turn") }
      guard factor > 0, factor <= 1e3 else { throw .program(reason: "the rotations' factor is \(factor)") }
      try rules.vector(frequencies, headWidth / 2)
    case .linearBiases(let slopes): try rules.vector(slopes, heads)
    case .none: break
    }
    for index in layers.indices {
      do { try validate(layers[index], at: index, &rules) } catch {
        guard case .program(let reason) = error else { throw error }
        throw .program(reason: "layer \(index): \(reason)")
      }
    }
    try rules.checkAllUsed()
  }

  private static let most = 1 << 24

  private func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(LanguageError) {
    guard range.contains(value) else {
      throw .program(reason: "\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
  }

  private func validate(_ layer: Layer, at index: Int, _ rules: inout ConstantRules) throws(LanguageError) {
    try rules.vector(layer.attentionNorm, width)
    try rules.vector(layer.feedForwardNorm, width)
    try check(layer.keys, isKeys: true, at: index, &rules)
    try check(layer.values, isKeys: false, at: index, &rules)
    try rules.matrices(
      layer.attentionInputs, outputs: heads * headWidth + layer.keys.elements + layer.values.elements, inputs: width)
    try rules.matrix(layer.attentionOutput, outputs: width, inputs: heads * headWidth)
    try rules.matrices(layer.feedForwardInputs, outputs: 2 * hidden, inputs: width)
    try rules.matrix(layer.feedForwardOutput, outputs: width, inputs: hidden)
    if let window = layer.window { try check("the window", window, in: 1...Self.most) }
  }

  private func check(
    _ memory: Memory, isKeys: Bool, at index: Int, _ rules: inout ConstantRules
  ) throws(LanguageError) {
    let side = isKeys ? "keys" : "values"
    try check("parts of \(side)", memory.parts, in: 1...keyHeads)
    try check("the width of \(side)", memory.width, in: 1...65_536)
    if case .codes(let bits, let slice) = memory.format {
      guard [8, 4, 3, 2].contains(bits) else { throw .program(reason: "\(bits) bits are none of 8, 4, 3, 2") }
      guard slice == memory.width || slice > 0 && slice.isMultiple(of: 8) && memory.width.isMultiple(of: slice) else {
        throw .program(
          reason: "slices of \(slice) do not divide \(side) of \(memory.width) into multiples of 8")
      }
    }
    guard keyHeads.isMultiple(of: memory.parts) else {
      throw .program(reason: "\(memory.parts) parts of \(side) cannot stand for \(keyHeads) heads")
    }
    if let up = memory.up {
      try rules.dense(up, [keyHeads, headWidth, memory.width])
      if let bias = memory.bias { try rules.vector(bias, keyHeads * headWidth) }
      guard memory.turn == nil else { throw .program(reason: "only whole heads are turned before they are rounded") }
    } else {
      guard memory.parts == keyHeads, memory.width == headWidth else {
        throw .program(
          reason: "\(side) are \(memory.parts) of \(memory.width), expected \(keyHeads) heads of \(headWidth)")
      }
      guard memory.bias == nil, memory.layersBefore == nil else {
        throw .program(reason: "only latents of \(side) have a bias behind them, or are read by other layers")
      }
      if let turn = memory.turn {
        guard isKeys else { throw .program(reason: "only keys are turned as they come") }
        try rules.dense(turn, [headWidth, headWidth])
      }
    }
    guard let before = memory.layersBefore else { return }
    guard before >= 1, before <= index else {
      throw .program(reason: "\(side) are read \(before) layers before, and there are \(index)")
    }
    let lender = isKeys ? layers[index - before].keys : layers[index - before].values
    guard lender.layersBefore == nil, lender.up != nil,
      (lender.format, lender.parts, lender.width) == (memory.format, memory.parts, memory.width)
    else { throw .program(reason: "\(side) are read \(before) layers before, where other ones are kept") }
  }
}

extension LanguageProgram.Memory {
  /// Elements that a token brings: none where another layer keeps them.
  var elements: Int { layersBefore == nil ? parts * width : 0 }
}

/// What is known of the constants, and which were asked for.
private struct ConstantRules {
  private let constants: [Graph.Constant]
  private var byName: [String: Graph.Constant] = [:]
  private var used: Set<String> = []

  init(_ constants: [Graph.Constant]) { self.constants = constants }

  mutating func index() throws(LanguageError) {
    for constant in constants {
      do throws(GraphError) { try constant.validate() } catch { throw .program(reason: "\(error)") }
      guard byName.updateValue(constant, forKey: constant.name) == nil else {
        throw .program(reason: "there are two constants \(constant.name)")
      }
    }
  }

  private mutating func constant(_ name: String) throws(LanguageError) -> Graph.Constant {
    guard let constant = byName[name] else { throw .program(reason: "there is no constant \(name)") }
    used.insert(name)
    return constant
  }

  private func refuse(_ constant: Graph.Constant, _ expected: String) -> LanguageError {
    .program(
      reason: "\(constant.name) is \(constant.encoding.type.rawValue) of \(constant.shape), expected \(expected)")
  }

  mutating func dense(_ name: String, _ shape: [Int]) throws(LanguageError) {
    let constant = try constant(name)
    guard constant.encoding == .dense(.float32), constant.shape == shape else {
      throw refuse(constant, "dense f32 of \(shape)")
    }
  }

  mutating func vector(_ name: String, _ length: Int) throws(LanguageError) { try dense(name, [length]) }

  mutating func table(_ name: String, _ shape: [Int]) throws(LanguageError) {
    let constant = try constant(name)
    let types: [Graph.ElementType] = [.float32, .bfloat16, .float16, .int8, .uint4]
    guard constant.shape == shape, constant.encoding.pattern == nil, types.contains(constant.encoding.type) else {
      throw refuse(constant, "a dense table of \(shape)")
    }
  }

  /// A projection, and how many outputs it has.
  private mutating func outputs(_ projection: LanguageProgram.Projection, inputs: Int) throws(LanguageError) -> Int {
    let weight = try constant(projection.weight)
    guard weight.shape.count == 2, weight.shape[1] == inputs, weight.encoding.type != .int64 else {
      throw refuse(weight, "a matrix of \(inputs) columns")
    }
    if weight.encoding.type == .int8 || weight.encoding.type == .uint4, inputs > 1 << 16 {
      throw refuse(weight, "at most 65536 columns in integers")
    }
    if let bias = projection.bias { try vector(bias, weight.shape[0]) }
    return weight.shape[0]
  }

  mutating func matrix(
    _ projection: LanguageProgram.Projection, outputs: Int, inputs: Int
  ) throws(LanguageError) { try matrices([projection], outputs: outputs, inputs: inputs) }

  mutating func matrices(
    _ projections: [LanguageProgram.Projection], outputs: Int, inputs: Int
  ) throws(LanguageError) {
    var found = 0
    for projection in projections { found += try self.outputs(projection, inputs: inputs) }
    let groups = Set(projections.compactMap { byName[$0.weight]?.encoding.scaleGroup })
    guard groups.count <= 1 else {
      throw .program(
        reason: "\(projections.map(\.weight).joined(separator: ", ")) share scales among different numbers")
    }
    guard found == outputs else {
      throw .program(
        reason: "\(projections.map(\.weight).joined(separator: ", ")) give \(found) outputs, expected \(outputs)")
    }
  }

  func checkAllUsed() throws(LanguageError) {
    if let idle = constants.first(where: { !used.contains($0.name) }) {
      throw .program(reason: "nothing reads the constant \(idle.name)")
    }
  }
}
