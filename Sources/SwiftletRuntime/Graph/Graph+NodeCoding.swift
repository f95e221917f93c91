extension Graph.Node: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, operation, inputs, output
    case patch, weight, bias, activation, epsilon, heads, scale, windows, transposesSecond, shape, order
    case axis, start, end, index, axes, keepsAxes
  }

  /// The keys that an operation adds to `name`, `operation`, `inputs` and `output`.
  private static func settings(of kind: Graph.Operation.Kind) -> [CodingKeys] {
    switch kind {
    case .patchify: [.patch]
    case .linear: [.weight, .bias, .activation]
    case .layerNorm: [.weight, .bias, .epsilon]
    case .activation: [.activation]
    case .attention: [.heads, .scale, .windows]
    case .matmul: [.transposesSecond]
    case .reshape, .expand: [.shape]
    case .permute: [.order]
    case .concatenate: [.axis]
    case .slice: [.axis, .start, .end]
    case .select: [.axis, .index]
    case .mean: [.axes, .keepsAxes]
    case .add, .multiply, .softmax, .convert: []
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    inputs = try container.decode([String].self, forKey: .inputs)
    output = try container.decode(String.self, forKey: .output)
    let operationName = try container.decode(String.self, forKey: .operation)
    guard let kind = Graph.Operation.Kind(rawValue: operationName) else {
      throw GraphError.unreadable("unknown operation \"\(operationName)\"\(decoder.placeDescription)")
    }
    let known: [CodingKeys] = [.name, .operation, .inputs, .output] + Self.settings(of: kind)
    try decoder.refuseKeys(except: Set(known.map(\.stringValue)))

    func integer(_ key: CodingKeys) throws -> Int { try container.decode(Int.self, forKey: key) }
    func text(_ key: CodingKeys) throws -> String? { try container.decodeIfPresent(String.self, forKey: key) }
    operation =
      switch kind {
      case .patchify: .patchify(patch: try integer(.patch))
      case .linear:
        .linear(
          weight: try container.decode(String.self, forKey: .weight), bias: try text(.bias),
          activation: try container.decodeIfPresent(Graph.Activation.self, forKey: .activation))
      case .layerNorm:
        .layerNorm(
          weight: try text(.weight), bias: try text(.bias),
          epsilon: try container.decode(Double.self, forKey: .epsilon))
      case .activation: .activation(try container.decode(Graph.Activation.self, forKey: .activation))
      case .add: .add
      case .multiply: .multiply
      case .attention:
        .attention(
          heads: try integer(.heads), scale: try container.decode(Double.self, forKey: .scale),
          windows: try container.decodeIfPresent(Graph.AttentionWindows.self, forKey: .windows))
      case .softmax: .softmax
      case .matmul: .matmul(transposesSecond: try container.decode(Bool.self, forKey: .transposesSecond))
      case .reshape: .reshape(try container.decode(Graph.Shape.self, forKey: .shape))
      case .expand: .expand(try container.decode(Graph.Shape.self, forKey: .shape))
      case .permute: .permute(try container.decode([Int].self, forKey: .order))
      case .concatenate: .concatenate(axis: try integer(.axis))
      case .slice: .slice(axis: try integer(.axis), start: try integer(.start), end: try integer(.end))
      case .select: .select(axis: try integer(.axis), index: try integer(.index))
      case .mean:
        .mean(
          axes: try container.decode([Int].self, forKey: .axes),
          keepsAxes: try container.decode(Bool.self, forKey: .keepsAxes))
      case .convert: .convert
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(operation.kind, forKey: .operation)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(output, forKey: .output)
    switch operation {
    case .patchify(let patch): try container.encode(patch, forKey: .patch)
    case .linear(let weight, let bias, let activation):
      try container.encode(weight, forKey: .weight)
      try container.encodeIfPresent(bias, forKey: .bias)
      try container.encodeIfPresent(activation, forKey: .activation)
    case .layerNorm(let weight, let bias, let epsilon):
      try container.encodeIfPresent(weight, forKey: .weight)
      try container.encodeIfPresent(bias, forKey: .bias)
      try container.encode(epsilon, forKey: .epsilon)
    case .activation(let activation): try container.encode(activation, forKey: .activation)
    case .attention(let heads, let scale, let windows):
      try container.encode(heads, forKey: .heads)
      try container.encode(scale, forKey: .scale)
      try container.encodeIfPresent(windows, forKey: .windows)
    case .matmul(let transposes): try container.encode(transposes, forKey: .transposesSecond)
    case .reshape(let shape), .expand(let shape): try container.encode(shape, forKey: .shape)
    case .permute(let order): try container.encode(order, forKey: .order)
    case .concatenate(let axis): try container.encode(axis, forKey: .axis)
    case .slice(let axis, let start, let end):
      try container.encode(axis, forKey: .axis)
      try container.encode(start, forKey: .start)
      try container.encode(end, forKey: .end)
    case .select(let axis, let index):
      try container.encode(axis, forKey: .axis)
      try container.encode(index, forKey: .index)
    case .mean(let axes, let keepsAxes):
      try container.encode(axes, forKey: .axes)
      try container.encode(keepsAxes, forKey: .keepsAxes)
    case .add, .multiply, .softmax, .convert: break
    }
  }
}
