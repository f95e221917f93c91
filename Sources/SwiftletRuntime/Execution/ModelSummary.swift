/// What a model file holds, in numbers.
public struct ModelSummary: Hashable, Sendable, Codable {
  /// A layer with weights.
  public struct Layer: Hashable, Sendable, Codable {
    public var name: String
    public var outputs, inputs: Int
    /// `f32`, `bf16`, `f16`, `s8` or `u4`.
    public var precision: String
    /// `dense`, or N:M.
    public var pattern: String
    /// Bytes of the weight in the file, indices and scales included.
    public var bytes: Int
    /// Multiply-adds for one sample (every other axis at its greatest), those with stored weights only.
    public var multiplyAdds: Int
    /// As if the weight were dense.
    public var denseMultiplyAdds: Int
  }

  public var name: String
  public var classes: [String]
  public var notes: [String: String]
  public var inputs: [String]
  public var outputs: [String]
  public var layers: [Layer]
  public var fileBytes: Int
  /// Bytes of all constants, and bytes of them if the weights of linear layers were dense f32.
  public var constantBytes, denseFloatBytes: Int
  /// Multiply-adds for one sample: layers, and products of two computed matrices (attention).
  public var multiplyAdds, denseMultiplyAdds: Int
  /// Memory for the values of one sample.
  public var arenaBytes: Int

  /// - Throws: `SessionError` when its values do not fit into this machine's memory.
  public init(_ file: ModelFile) throws(SessionError) {
    let graph = file.graph
    func text(_ name: String) -> String {
      graph.value(named: name).map { "\(name) \($0.type.rawValue) \(OperationRules.text($0.shape))" } ?? name
    }
    name = graph.name
    classes = graph.metadata.classNames
    notes = graph.metadata.notes
    inputs = graph.inputs.map(text)
    outputs = graph.outputs.map(text)
    fileBytes = file.byteCount
    constantBytes = graph.constants.reduce(0) { $0 + $1.byteCount }
    arenaBytes = try MemoryPlan(ResolvedGraph(graph), graph.oneSample).arenaByteCount

    let constants = Dictionary(uniqueKeysWithValues: graph.constants.map { ($0.name, $0) })
    let lengths = Dictionary(
      uniqueKeysWithValues: graph.values.map { ($0.name, $0.shape.map { $0.length(graph.oneSample) }) }
        + graph.constants.map { ($0.name, $0.shape) })
    layers = []
    var others = 0
    for node in graph.nodes {
      let dense = node.operation.base.multiplyAdds(
        inputs: node.inputs.map { lengths[$0] ?? [] }, output: lengths[node.output] ?? [],
        weights: { constants[$0]?.shape ?? [] })
      guard let constant = node.operation.weight.flatMap({ constants[$0] }) else {
        others += dense
        continue
      }
      let pattern = constant.encoding.pattern
      layers.append(
        Layer(
          name: node.name, outputs: constant.shape[0], inputs: constant.shape.dropFirst().reduce(1, *),
          precision: constant.encoding.type.rawValue, pattern: pattern?.description ?? "dense",
          bytes: constant.byteCount, multiplyAdds: pattern.map { dense / $0.group * $0.kept } ?? dense,
          denseMultiplyAdds: dense))
    }
    multiplyAdds = layers.reduce(others) { $0 + $1.multiplyAdds }
    denseMultiplyAdds = layers.reduce(others) { $0 + $1.denseMultiplyAdds }
    let weights = Set(graph.nodes.compactMap(\.operation.weight))
    denseFloatBytes = graph.constants.reduce(0) { sum, constant in
      sum + (weights.contains(constant.name) ? 4 * constant.shape.reduce(1, *) : constant.byteCount)
    }
  }
}
