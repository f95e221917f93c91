extension Graph {
  /// Throws the first rule that the graph breaks.
  ///
  /// Names are unique and not empty; every value has one origin, before its first reader; every constant is used; shapes
  /// and types follow from the operations; scales are finite and positive; all sizes lie within limits.
  public func validate() throws(GraphError) {
    try validateAxes()
    for (what, count) in [("values", values.count), ("constants", constants.count), ("nodes", nodes.count)] {
      guard count <= Limit.parts else { throw .invalid(part: what, reason: "\(count) are more than \(Limit.parts)") }
    }
    var names = Set<String>()
    for name in values.map(\.name) + constants.map(\.name) {
      guard !name.isEmpty, name.utf8.count <= Limit.nameLength else {
        throw .invalid(part: "a name", reason: "names have 1 to \(Limit.nameLength) bytes")
      }
      guard names.insert(name).inserted else { throw .invalid(part: name, reason: "the name is used twice") }
    }
    let constantByName = Dictionary(constants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let rules = OperationRules(self) { constantByName[$0] }
    for value in values { try validate(value, rules) }
    for constant in constants { try constant.validate() }
    try validateFlow(constantByName, rules)
    for (name, section) in metadata.sections {
      try place(name) { () throws(Mismatch) in try section.check(against: self) }
    }
  }

  private func validateAxes() throws(GraphError) {
    guard axes.count <= Limit.axes else {
      throw .invalid(part: "axes", reason: "\(axes.count) are more than \(Limit.axes)")
    }
    var names = Set<String>()
    for axis in axes {
      guard Axis.isName(axis.name), names.insert(axis.name).inserted else {
        throw .invalid(part: "axes", reason: "\"\(axis.name)\" is no name of an axis, or is there twice")
      }
      guard (1...Limit.axisLength).contains(axis.maximum) else {
        throw .invalid(
          part: "axes", reason: "the maximum of \(axis.name) is \(axis.maximum), expected 1 to \(Limit.axisLength)")
      }
    }
  }

  private func validate(_ value: Value, _ rules: OperationRules) throws(GraphError) {
    try place(value.name) { () throws(Mismatch) in try rules.checkShape(value.shape) }
    guard ![.int8, .uint4].contains(value.type) else {
      throw .invalid(part: value.name, reason: "only constants can be \(value.type.rawValue)")
    }
    guard (value.type == .uint8) == (value.quantization != nil) else {
      throw .invalid(part: value.name, reason: "a value has a quantization exactly when it is u8")
    }
    if let quantization = value.quantization {
      guard quantization.scale.isNormal, quantization.scale > 0 else {
        throw .invalid(part: value.name, reason: "the scale is \(quantization.scale), expected a positive number")
      }
      guard (0...255).contains(quantization.zeroPoint) else {
        throw .invalid(part: value.name, reason: "the zero point is \(quantization.zeroPoint), expected 0 to 255")
      }
    }
  }

  /// Walks the nodes in order: what they read exists, what they write follows from it.
  private func validateFlow(
    _ constantByName: [String: Constant], _ rules: OperationRules
  ) throws(GraphError) {
    let valueByName = Dictionary(values.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var ready = Set<String>()
    var used = Set<String>()
    guard !inputs.isEmpty, !outputs.isEmpty else { throw .invalid(part: name, reason: "it has no input or no output") }
    for input in inputs {
      guard valueByName[input] != nil else { throw .invalid(part: input, reason: "the input is no value") }
      guard ready.insert(input).inserted else { throw .invalid(part: input, reason: "the input is listed twice") }
    }
    var memory = StateRules(states)
    for state in states {
      guard let value = valueByName[state], value.shape.allSatisfy({ $0.fixedLength != nil }), value.type != .uint8
      else {
        throw .invalid(part: state, reason: "the state is no value of fixed lengths in f32, bf16, f16 or i64")
      }
      guard ready.insert(state).inserted else {
        throw .invalid(part: state, reason: "the state is an input or listed twice")
      }
    }
    for name in inputs + outputs where valueByName[name]?.type == .float16 {
      throw .invalid(part: name, reason: "only constants and states can be f16")
    }
    let extents = inputs.compactMap { valueByName[$0] }.flatMap(\.shape).compactMap { dimension -> Extent? in
      if case .extent(let extent) = dimension { extent } else { nil }
    }
    for extent in extents where !extents.contains(where: { $0.axis == extent.axis && $0.divisor == 1 }) {
      throw .invalid(part: "inputs", reason: "the length of \(extent.axis) does not follow from \(extent)")
    }
    for node in nodes {
      guard node.name.utf8.count <= Limit.nameLength, node.inputs.count <= Limit.parts else {
        throw .invalid(part: "a node", reason: "its name is too long or it has too many inputs")
      }
      guard let output = valueByName[node.output] else {
        throw .invalid(part: node.name, reason: "its output \(node.output) is no value")
      }
      try place(node.name) { () throws(Mismatch) in
        var operands: [OperationRules.Operand] = []
        for input in node.inputs {
          if let constant = constantByName[input] {
            used.insert(input)
            operands.append(try .init(constant))
          } else if ready.contains(input), let value = valueByName[input] {
            operands.append(.init(value))
          } else {
            throw Mismatch("it reads \(input), which nothing before it computes")
          }
        }
        used.formUnion(node.operation.parameters)
        let shape = try node.operation.base.outputShape(of: operands.map(\.shape), rules)
        guard shape == output.shape else {
          throw Mismatch(
            "\(node.output) has shape \(OperationRules.text(output.shape)), \(node.operation.name) gives \(OperationRules.text(shape))"
          )
        }
        try node.operation.base.checkTypes(of: operands, output: .init(output), rules)
        try memory.check(node, graphInputs: inputs)
      }
      guard ready.insert(node.output).inserted else {
        throw .invalid(part: node.output, reason: "the value is computed twice")
      }
    }
    for output in outputs where !ready.contains(output) {
      throw .invalid(part: output, reason: "nothing computes this output")
    }
    for output in outputs { try place(output) { () throws(Mismatch) in try memory.checkReading(output) } }
    guard Set(outputs).count == outputs.count else { throw .invalid(part: name, reason: "an output is listed twice") }
    if let idle = values.first(where: { !ready.contains($0.name) }) {
      throw .invalid(part: idle.name, reason: "nothing computes this value")
    }
    if let idle = constants.first(where: { !used.contains($0.name) }) {
      throw .invalid(part: idle.name, reason: "no node uses this constant")
    }
  }

  private func place(_ part: String, _ body: () throws(Mismatch) -> Void) throws(GraphError) {
    do { try body() } catch { throw .invalid(part: part, reason: error.reason) }
  }
}

/// What may be read of states that nodes change in place: a value that is a state's memory is gone once that is changed.
private struct StateRules {
  /// The state whose memory a value is.
  private var memoryOf: [String: String]
  private var gone = Set<String>()

  init(_ states: [String]) { memoryOf = Dictionary(states.map { ($0, $0) }, uniquingKeysWith: { first, _ in first }) }

  func checkReading(_ name: String) throws(Graph.Mismatch) {
    guard !gone.contains(name) else {
      throw Graph.Mismatch("\(name) is the memory of a state that a node has changed: read that node's output")
    }
  }

  mutating func check(_ node: Graph.Node, graphInputs: [String]) throws(Graph.Mismatch) {
    for input in node.inputs { try checkReading(input) }
    let operation = node.operation.base
    if let position = operation.lookedUpInput, node.inputs.indices.contains(position),
      !graphInputs.contains(node.inputs[position])
    {
      throw Graph.Mismatch("\(node.inputs[position]), by which it reads a table, is no input of the graph")
    }
    let shared = node.inputs.indices.first { operation.sharing(ofInput: $0) == .always }
    let memory = shared.flatMap { memoryOf[node.inputs[$0]] }
    if let position = operation.positionInput, !graphInputs.contains(node.inputs[position]) {
      throw Graph.Mismatch("the position \(node.inputs[position]) is no input of the graph")
    }
    if operation.changesFirstInput {
      guard let memory else { throw Graph.Mismatch("\(node.inputs[0]) is no state") }
      guard !node.inputs.dropFirst().contains(where: { memoryOf[$0] == memory }) else {
        throw Graph.Mismatch("it writes a state into itself")
      }
      gone.formUnion(memoryOf.filter { $0.value == memory }.keys)
    }
    memoryOf[node.output] = memory
  }
}
