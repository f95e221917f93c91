import SwiftletRuntime

/// A value that is to be 8 bits wide: what calibration has to watch.
struct Int8Value: Hashable, Sendable {
  var name: String
  /// Equal parts side by side in its last axis whose ranges are watched one by one: queries, keys and values.
  var parts = 1
  /// Other values that lie on its grid.
  var sharers: [String] = []
}

extension Network {
  /// The values that int8 layers read, with the images between them that can be as narrow, and with `includingAttention`
  /// those that attention reads.
  func int8Values(_ formats: [String: WeightFormat], includingAttention: Bool) -> [Int8Value] {
    let groups = byteGroups(formats)
    let inGroups = Set(groups.joined())
    var seen = Set<String>()
    let alone = graph.nodes.flatMap { node -> [Int8Value] in
      if let input = node.int8Input(formats) { return inGroups.contains(input) ? [] : [Int8Value(name: input)] }
      return includingAttention ? int8Streams(of: node, formats) : []
    }.filter { seen.insert($0.name).inserted }
    return alone + groups.map { Int8Value(name: $0[0], sharers: Array($0.dropFirst())) }
  }

  /// Queries, keys and values of an attention that can read 8 bits: int8 layers compute them for it alone.
  private func int8Streams(of node: Graph.Node, _ formats: [String: WeightFormat]) -> [Int8Value] {
    guard node.operation.as(Graph.Attention.self)?.takesIntegers == true else { return [] }
    let streams = node.attentionStreams
    let isInt8 = streams.allSatisfy { stream in
      guard !graph.outputs.contains(stream), let producer = producer(of: stream) else { return false }
      return producer.int8Input(formats) != nil && readers(of: stream).allSatisfy { $0 == node }
    }
    return isInt8 ? streams.map { Int8Value(name: $0, parts: streams.count == 1 ? 3 : 1) } : []
  }

  /// Lets int8 layers and attention read u8: what computes their input writes it in 8 bits where nobody else needs the
  /// floats, and a conversion is put in between otherwise. Everything else, the residual stream above all, stays in
  /// floats.
  mutating func quantizeActivations(
    _ formats: [String: WeightFormat], to grids: [String: Graph.Quantization], includingAttention: Bool
  ) throws {
    let groups = byteGroups(formats)
    for input in int8Values(formats, includingAttention: includingAttention).map(\.name) {
      guard let grid = grids[input] else {
        throw ExportError.calibration("no values were seen at \(input)")
      }
      if let group = groups.first(where: { $0[0] == input }) {
        for name in group { narrow(name, to: grid) }
        continue
      }
      let onlyInt8Reads =
        !graph.outputs.contains(input)
        && readers(of: input).allSatisfy { $0.readsInt8(input, formats) }
      if onlyInt8Reads, let producer = producer(of: input), producer.operation.writesQuantized {
        narrow(input, to: grid)
      } else {
        insertConversion(of: input, to: grid, formats)
      }
    }
  }

  private mutating func narrow(_ name: String, to grid: Graph.Quantization) {
    for index in graph.values.indices where graph.values[index].name == name {
      graph.values[index].type = .uint8
      graph.values[index].quantization = grid
    }
  }

  private mutating func insertConversion(
    of input: String, to grid: Graph.Quantization, _ formats: [String: WeightFormat]
  ) {
    guard let shape = shape(of: input) else { return }
    let name = freeName("\(input).u8")
    graph.values.append(Graph.Value(name: name, type: .uint8, shape: shape, quantization: grid))
    let isReader = { (node: Graph.Node) in node.int8Input(formats) == input }
    guard let first = graph.nodes.firstIndex(where: isReader) else { return }
    for index in graph.nodes.indices where isReader(graph.nodes[index]) { graph.nodes[index].inputs[0] = name }
    graph.nodes.insert(Graph.Node(name: name, operation: .convert, inputs: [input], output: name), at: first)
  }
}

extension Graph.Node {
  /// The value that an int8 layer multiplies on a calibrated grid; nil for every other node.
  func int8Input(_ formats: [String: WeightFormat]) -> String? {
    guard let weight = operation.weight, let format = formats[weight], format.precision == .int8,
      !format.quantizesTokens
    else { return nil }
    return inputs.first
  }

  /// What an attention takes its queries, keys and values from: one packed value or three.
  var attentionStreams: [String] { Array(inputs.prefix(inputs.count <= 2 ? 1 : 3)) }

  /// Whether 8 bits are enough for every use that the node makes of a value for which there is a grid.
  fileprivate func readsInt8(_ value: String, _ formats: [String: WeightFormat]) -> Bool {
    if let attention = operation.as(Graph.Attention.self) {
      return attention.takesIntegers && !inputs.dropFirst(attentionStreams.count).contains(value)
    }
    return int8Input(formats) == value && !inputs.dropFirst().contains(value)
  }
}
