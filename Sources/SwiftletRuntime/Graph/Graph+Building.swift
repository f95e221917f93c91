extension Graph {
  /// Declares an input and returns its name.
  @discardableResult
  public mutating func appendInput(
    _ name: String, type: ElementType = .float32, shape: Shape, quantization: Quantization? = nil
  ) -> String {
    values.append(Value(name: name, type: type, shape: shape, quantization: quantization))
    inputs.append(name)
    return name
  }

  /// Declares a value that is kept from run to run, and returns its name.
  ///
  /// - Parameter shape: of fixed lengths: the capacity.
  @discardableResult
  public mutating func appendState(_ name: String, type: ElementType = .float32, shape: [Int]) -> String {
    values.append(Value(name: name, type: type, shape: shape.map { .fixed($0) }))
    states.append(name)
    return name
  }

  /// Appends a node whose output gets its shape from the operation, and returns the output's name.
  ///
  /// - Parameters:
  ///   - name: names the node and, unless `output` does, its output.
  ///   - type: of the output; without one, the input's where the operation keeps it, and f32 elsewhere.
  ///   - quantization: of a u8 output; operations that keep their input's type keep this too.
  /// - Throws: `GraphError.invalid` when the operation does not fit its inputs.
  @discardableResult
  public mutating func append(
    _ operation: Operation, named name: String, of inputs: [String], output: String? = nil, type: ElementType? = nil,
    quantization: Quantization? = nil
  ) throws(GraphError) -> String {
    let output = output ?? name
    let rules = OperationRules(self) { [constants] name in constants.first { $0.name == name } }
    do throws(Mismatch) {
      var operands: [OperationRules.Operand] = []
      for input in inputs {
        if let value = value(named: input) {
          operands.append(.init(value))
        } else if let constant = constant(named: input) {
          operands.append(try .init(constant))
        } else {
          throw Mismatch("there is no value or constant named \(input)")
        }
      }
      var value = Value(name: output, type: type ?? .float32, shape: [], quantization: quantization)
      value.shape = try operation.base.outputShape(of: operands.map(\.shape), rules)
      if operation.base.keepsType, type == nil, let first = operands.first {
        (value.type, value.quantization) = (first.type, first.quantization)
      }
      try operation.base.checkTypes(of: operands, output: .init(value), rules)
      values.append(value)
    } catch {
      throw .invalid(part: name, reason: error.reason)
    }
    nodes.append(Node(name: name, operation: operation, inputs: inputs, output: output))
    return output
  }
}
