import SwiftletCompression
import SwiftletRuntime

extension Network {
  /// The values that int8 layers read: what calibration has to watch.
  func quantizedInputs(_ formats: [String: WeightFormat]) -> [String] {
    var seen = Set<String>()
    return graph.nodes.compactMap { node in
      guard let input = node.int8Input(formats), seen.insert(input).inserted else { return nil }
      return input
    }
  }

  /// Lets int8 layers read u8: what computes their input writes it in 8 bits where nobody else needs the floats, and a
  /// conversion is put in between otherwise. Everything else, the residual stream above all, stays in floats.
  mutating func quantizeActivations(
    _ formats: [String: WeightFormat], to grids: [String: Graph.Quantization]
  ) throws {
    for input in quantizedInputs(formats) {
      guard let grid = grids[input] else {
        throw ExportError.calibration("no values were seen at \(input)")
      }
      let onlyInt8Reads =
        !graph.outputs.contains(input)
        && readers(of: input).allSatisfy { $0.int8Input(formats) == input && !$0.inputs.dropFirst().contains(input) }
      if onlyInt8Reads, let producer = producer(of: input), producer.operation.canWriteInt8 {
        for index in graph.values.indices where graph.values[index].name == input {
          graph.values[index].type = .uint8
          graph.values[index].quantization = grid
        }
      } else {
        insertConversion(of: input, to: grid, formats)
      }
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
  /// The value that an int8 linear multiplies; nil for every other node.
  fileprivate func int8Input(_ formats: [String: WeightFormat]) -> String? {
    guard case .linear(let weight, _, _) = operation, formats[weight]?.precision == .int8 else { return nil }
    return inputs.first
  }
}

extension Graph.Operation {
  /// True for operations whose kernels can write 8 bits themselves.
  fileprivate var canWriteInt8: Bool {
    switch self {
    case .linear, .layerNorm, .attention, .activation, .add, .multiply, .patchify: true
    default: false
    }
  }
}
