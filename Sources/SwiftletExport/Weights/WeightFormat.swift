import SwiftletPlans
import SwiftletRuntime

/// How the weights of one layer are stored and multiplied.
struct WeightFormat: Hashable, Sendable {
  /// Nil stores every weight.
  var pattern: SparsityPattern?
  var precision: Precision
  /// Stores the weights in 4 bits, so many consecutive ones of a row with one scale. Their `precision` is fp32, which they
  /// are multiplied in unless tokens are quantised.
  var int4Group: Int?
  /// Whether the layer rounds each token to 8 bits as it runs, and multiplies integers.
  var quantizesTokens = false

  init(pattern: SparsityPattern? = nil, precision: Precision) {
    (self.pattern, self.precision) = (pattern, precision)
  }

  init(_ choice: LayerChoice) {
    self.init(pattern: choice.sparsity.isDense ? nil : choice.sparsity, precision: choice.format)
  }

  var encoding: Graph.Encoding {
    if let int4Group { return .grouped(int4Group) }
    let type: Graph.ElementType =
      switch precision {
      case .fp32: .float32
      case .bf16: .bfloat16
      case .int8: .int8
      }
    return pattern.map { .sparse($0, type) } ?? .dense(type)
  }
}

extension CompressionPlan {
  /// - Throws: `ExportError.plan` if it decides something that model files do not hold.
  func checkExportable() throws(ExportError) {
    do { try require(only: [.pattern, .precision], by: "export") } catch { throw .plan("\(error)") }
  }
}

/// The precision of the layers' weights.
public enum ExportPrecision: Hashable, Sendable {
  /// One for every layer.
  case uniform(Precision)
  /// Each layer's own, as the plan says; fp32 for layers that the plan does not name.
  case planned
  /// 4 bits a weight in linear layers, of which 32, 64 or 128 consecutive ones of a row share a scale; all else fp32.
  case int4(groupSize: Int)
}

/// How the inputs of layers become integers.
public enum ExportActivations: String, Hashable, Sendable, CaseIterable {
  /// On one grid a value, learnt from calibration images. 4-bit weights are multiplied as floats.
  case calibrated
  /// Each token on a grid of its own, found as the network runs: nothing to calibrate. Linear layers of int8 and 4-bit
  /// weights alone; convolutions stay fp32.
  case dynamic
}

extension Network {
  /// The linear layers, in the order of the forward pass: the weight's name, the layer's path, and the node.
  var linearLayers: [(weight: String, path: String, node: Graph.Node)] {
    var seen = Set<String>()
    return graph.nodes.compactMap { node in
      guard let weight = node.operation.weight, seen.insert(weight).inserted else { return nil }
      return (weight, weight.hasSuffix(".weight") ? weight.parentPath : weight, node)
    }
  }

  /// True for a layer that reads the image itself or computes the scores: the ends of a network, where 8 bits cost the
  /// most accuracy and save the least time.
  func isEnd(_ node: Graph.Node) -> Bool { readsInput(node) || writesOutput(node) }

  private func readsInput(_ node: Graph.Node) -> Bool {
    guard let source = node.inputs.first else { return false }
    if graph.inputs.contains(source) { return true }
    guard let before = producer(of: source) else { return false }
    return before.operation.is(Graph.Patchify.self) || before.operation.onlyMovesElements && readsInput(before)
  }

  private func writesOutput(_ node: Graph.Node) -> Bool {
    if graph.outputs.contains(node.output) { return true }
    return readers(of: node.output).contains { reader in
      // Two heads are averaged: the sum and the product behind them are part of the end.
      let isPartOfEnd =
        [.add, .multiply, .softmax].contains(reader.operation) || reader.operation.onlyMovesElements
      return isPartOfEnd && writesOutput(reader)
    }
  }

  /// The format of each layer's weights, by the weight's name.
  ///
  /// - Parameters:
  ///   - plan: without one, the weights' own zeros say which pattern a layer has.
  ///   - activations: how int8 and 4-bit layers get integers to multiply.
  ///   - quantizesEnds: also applies int8 and 4 bits to the first and the last layer.
  func weightFormats(
    plan: CompressionPlan?, precision: ExportPrecision, activations: ExportActivations = .calibrated,
    quantizesEnds: Bool
  ) throws(ExportError) -> [String: WeightFormat] {
    let layers = linearLayers
    if let plan {
      let known = Set(layers.map(\.path))
      if let stranger = plan.paths.first(where: { !known.contains($0) }) {
        throw .plan("the plan names \(stranger), which is no linear layer of the model")
      }
      try plan.checkExportable()
    }
    var formats: [String: WeightFormat] = [:]
    for (weight, path, node) in layers {
      guard let shape = graph.constant(named: weight)?.shape, let numbers = numbers[weight] else { continue }
      var format = WeightFormat(precision: .fp32)
      let choice = plan?[path]
      if let choice {
        format = WeightFormat(choice)
        try check(format.pattern, of: path, shape: shape, length: node.patternLength(ofRow: shape[1]), numbers)
      } else if plan == nil {
        format.pattern = SparsityPattern(foundIn: numbers, rowLength: node.patternLength(ofRow: shape[1]))
      }
      let keepsFloats = choice == nil && !quantizesEnds && isEnd(node)
      let isLinear = node.operation.is(Graph.Linear.self)
      switch precision {
      case .uniform(let precision):
        format.precision = precision == .int8 && keepsFloats ? .fp32 : precision
      case .planned: break
      case .int4(let size):
        guard choice?.sparsity.isDense != false else {
          throw .plan("\(path) is \(choice?.sparsity ?? .dense) in the plan, and 4-bit weights have no pattern")
        }
        format.precision = .fp32
        if isLinear, !keepsFloats { format = try int4Format(groupSize: size, of: path, shape: shape) }
      }
      if activations == .dynamic {
        if format.precision == .int8, !isLinear {
          guard choice?.precision != .int8 else {
            throw .plan("\(path) is int8 in the plan, and convolutions have no dynamic activations")
          }
          format.precision = .fp32
        }
        format.quantizesTokens = format.precision == .int8 || format.int4Group != nil
      }
      formats[weight] = format
    }
    guard activations == .calibrated || formats.values.contains(where: \.quantizesTokens) else {
      throw .plan("dynamic activations are for int8 and 4-bit layers, and there is none")
    }
    return formats
  }

  private func int4Format(groupSize: Int, of path: String, shape: [Int]) throws(ExportError) -> WeightFormat {
    guard Int4Groups.sizes.contains(groupSize) else {
      throw .plan("4-bit weights share a scale among 32, 64 or 128, not \(groupSize)")
    }
    guard shape[1].isMultiple(of: groupSize) else {
      throw .plan("\(path) has \(shape[1]) inputs, which groups of \(groupSize) do not divide")
    }
    var format = WeightFormat(precision: .fp32)
    format.int4Group = groupSize
    return format
  }

  /// Lets layers round their tokens as they run where their formats say so.
  mutating func quantizeTokens(_ formats: [String: WeightFormat]) {
    for index in graph.nodes.indices {
      guard let linear = graph.nodes[index].operation.as(Graph.Linear.self),
        formats[linear.weight]?.quantizesTokens == true
      else { continue }
      graph.nodes[index].operation = .linear(
        weight: linear.weight, bias: linear.bias, activation: linear.activation, input: .quantizedTokens)
    }
  }

  private func check(
    _ pattern: SparsityPattern?, of path: String, shape: [Int], length: Int, _ numbers: [Float]
  ) throws(ExportError) {
    guard let pattern else { return }
    guard length % pattern.group == 0 else {
      throw .plan("\(path) has \(length) inputs, which groups of \(pattern.group) do not divide")
    }
    for start in stride(from: 0, to: numbers.count, by: pattern.group) {
      let nonzeros = numbers[start..<start + pattern.group].count { $0 != 0 }
      guard nonzeros <= pattern.kept else {
        throw .brokenPattern(
          layer: path, row: start / shape[1], group: start % shape[1] / pattern.group, pattern: "\(pattern)",
          nonzeros: nonzeros)
      }
    }
  }
}

extension Graph.Node {
  /// How many weights of a row follow each other along the inputs: the channels of a position in a convolution's kernel.
  fileprivate func patternLength(ofRow length: Int) -> Int {
    if let convolution = operation.as(Graph.Convolution.self) { return length / convolution.kernel.reduce(1, *) }
    if let transposed = operation.as(Graph.TransposedConvolution.self) { return length / transposed.taps.reduce(1, *) }
    return length
  }
}

extension SparsityPattern {
  /// The pattern of at most half density that stores these weights in the fewest bits, or nil where none fits.
  init?(foundIn numbers: [Float], rowLength: Int) {
    var best: (pattern: Self, cost: Double)?
    for group in [4, 8, 16] where rowLength % group == 0 {
      var kept = 1
      for start in stride(from: 0, to: numbers.count, by: group) {
        kept = max(kept, numbers[start..<start + group].count { $0 != 0 })
        if kept > group / 2 { break }
      }
      guard kept <= group / 2 else { continue }
      let pattern = Self(keeping: kept, of: group)
      let cost = Double(kept * (8 + pattern.indexBits)) / Double(group)
      if best.map({ cost < $0.cost }) ?? true { best = (pattern, cost) }
    }
    guard let best else { return nil }
    self = best.pattern
  }
}
