import SwiftletRuntime
import SwiftletTensor

/// Records a forward pass at several lengths of each dynamic axis and keeps what is common: lengths and integers that
/// differ follow from the axis that differs, everything else is fixed.
struct Tracer {
  /// Dotted names of the model's parameters and buffers.
  private let pathByIdentity: [TensorIdentity: String]
  private let axes: [TracedAxis]
  /// The lengths of each run: one run for the first length of every axis, then one for every other length of one axis.
  private let lengths: [Graph.AxisLengths]
  private var lengthFinder: LengthFinder

  private var trace = Trace()
  /// The trace's number for each tensor of each run.
  private var known: [[TensorIdentity: Trace.TensorID]]

  /// Traces `forward` on zeros of the inputs' shapes.
  static func trace(
    _ inputs: [TracedInput], axes: [TracedAxis], parameters: [(path: String, tensor: Tensor)],
    forward: ([Tensor]) throws -> [Tensor]
  ) throws -> Trace {
    for axis in axes {
      guard Set(axis.lengths).count == axis.lengths.count, axis.lengths.count > 1,
        axis.lengths.allSatisfy({ (1...max(1, axis.axis.maximum)).contains($0) })
      else {
        throw ExportError.untraceable(
          "\(axis.axis.name) is traced at \(axis.lengths), expected two or more different lengths from 1 to "
            + "\(axis.axis.maximum)")
      }
    }
    for input in inputs {
      guard [.float32, .int64].contains(input.type) else {
        throw ExportError.untraceable("the input \(input.name) is \(input.type.rawValue), expected f32 or i64")
      }
      let names = Set(axes.map(\.axis.name))
      if let stranger = input.shape.compactMap(\.axisName).first(where: { !names.contains($0) }) {
        throw ExportError.untraceable("the input \(input.name) grows with \(stranger), which is not among the axes")
      }
    }
    var tracer = Tracer(axes, parameters)
    return try tracer.run(inputs, forward)
  }

  private init(_ axes: [TracedAxis], _ parameters: [(path: String, tensor: Tensor)]) {
    self.axes = axes
    let first = Graph.AxisLengths(
      Dictionary(axes.map { ($0.axis.name, $0.lengths[0]) }, uniquingKeysWith: { first, _ in first }))
    lengths =
      [first]
      + axes.flatMap { axis in
        axis.lengths.dropFirst().map { length in
          var others = first
          others[axis.axis.name] = length
          return others
        }
      }
    pathByIdentity = Dictionary(
      parameters.map { ($0.tensor.identity, $0.path) }, uniquingKeysWith: { first, _ in first })
    known = Array(repeating: [:], count: lengths.count)
    lengthFinder = LengthFinder(axes: axes, runs: lengths)
  }

  private mutating func run(_ inputs: [TracedInput], _ forward: ([Tensor]) throws -> [Tensor]) throws -> Trace {
    let runs = try lengths.map { try record(inputs, at: $0, forward) }
    let first = runs[0]
    for (run, lengths) in zip(runs, lengths) where run.operations.count != first.operations.count {
      throw ExportError.dependsOnLengths(
        "its forward pass has \(first.operations.count) operations at \(self.lengths[0]) and \(run.operations.count) "
          + "at \(lengths)")
    }
    for (position, input) in inputs.enumerated() {
      let id = try declare(
        runs.map { $0.inputs[position] }, as: input.shape, origin: .input, path: nil, dependsOnInput: true)
      trace.inputs.append(Trace.Input(name: input.name, type: input.type, id: id))
    }
    for position in first.operations.indices { try append(runs.map { $0.operations[position] }) }
    for position in first.outputs.indices {
      trace.outputs.append(try known(runs.map { $0.outputs[position] }, at: "the output"))
    }
    trace.axes = axes.map(\.axis)
    return trace
  }

  private struct Run {
    let inputs, outputs: [Tensor]
    let operations: [RecordedOperation]
  }

  private func record(
    _ inputs: [TracedInput], at lengths: Graph.AxisLengths, _ forward: ([Tensor]) throws -> [Tensor]
  ) throws -> Run {
    try withNoGradient {
      let tensors = try inputs.map { input in
        let shape = input.shape.map { $0.length(lengths) }
        guard shape.allSatisfy({ $0 >= 1 }) else {
          throw ExportError.untraceable("the input \(input.name) would have shape \(shape) at \(lengths)")
        }
        return Tensor.zeros(shape, dataType: input.type == .int64 ? .int64 : .float32)
      }
      let (outputs, operations) = try recordingOperations { try forward(tensors) }
      return Run(inputs: tensors, outputs: outputs, operations: operations)
    }
  }

  // MARK: One operation of all runs

  private mutating func append(_ runs: [RecordedOperation]) throws {
    let name = runs[0].operatorName
    for (run, lengths) in zip(runs, lengths)
    where run.operatorName != name || run.arguments.count != runs[0].arguments.count {
      throw ExportError.dependsOnLengths("\(name) at \(self.lengths[0]) is \(run.operatorName) at \(lengths)")
    }
    guard !name.baseName.hasSuffix("_") else {
      throw ExportError.untraceable("\(name) writes into a tensor; use the form that returns one")
    }

    // Tensors first: a length among the other arguments is likely one of theirs.
    let tensors = try runs[0].arguments.indices.map { position in
      try tensorArgument(runs.map { $0.arguments[position] }, of: name)
    }
    let ids = tensors.flatMap { $0?.tensorIDs ?? [] }
    lengthFinder.nearby = ids.flatMap { trace[$0].shape }
    let arguments = Trace.Arguments(
      names: runs[0].argumentNames,
      values: try tensors.enumerated().map { position, tensor in
        try tensor ?? plainArgument(runs.map { $0.arguments[position] }, of: name)
      })
    let dependsOnInput = ids.contains { trace[$0].dependsOnInput }
    let paths = Set(ids.compactMap { trace[$0].dependsOnInput ? nil : trace[$0].path })
    let path = dependsOnInput || paths.count != 1 ? nil : paths.first

    let results = runs.map { $0.results.flatMap(\.allTensors) }
    guard results.allSatisfy({ $0.count == results[0].count }) else {
      throw ExportError.dependsOnLengths("the number of results of \(name) differs between the lengths")
    }
    var resultIDs: [Trace.TensorID] = []
    for position in results[0].indices {
      let tensors = results.map { $0[position] }
      // An operation may hand back its argument, as `contiguous` does: then there is nothing to compute.
      if let same = number(of: tensors), ids.contains(same) { return }
      let shape = try windowedShape(of: name, arguments) ?? shape(of: tensors, at: name)
      resultIDs.append(
        try declare(tensors, as: shape, origin: .operation, path: path, dependsOnInput: dependsOnInput, at: name))
    }
    trace.operations.append(Trace.Operation(name: name, arguments: arguments, results: resultIDs))
  }

  /// The shape that a convolution gives: its lengths follow from what it steps over, which few traces would show.
  private func windowedShape(of name: String, _ arguments: Trace.Arguments) throws -> Graph.Shape? {
    guard Lowering.convolutionRules[name.baseName] != nil else { return nil }
    let call = Call(
      operation: Trace.Operation(name: name, arguments: arguments, results: []), trace: trace, place: name)
    return try call.transposes() ? nil : ConvolutionCall(call).outputShape
  }

  private mutating func tensorArgument(_ values: [Value], of name: String) throws -> Trace.Argument? {
    switch values[0] {
    case .tensor:
      return .tensor(
        try known(values.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }, at: name))
    case .tensors, .optionalTensors:
      let lists = values.map { value -> [Tensor?] in
        switch value {
        case .tensors(let tensors): tensors
        case .optionalTensors(let tensors): tensors
        default: []
        }
      }
      guard lists.allSatisfy({ $0.count == lists[0].count }) else { throw differs(name) }
      return .tensors(
        try lists[0].indices.map { position in
          let tensors = lists.compactMap { $0[position] }
          return tensors.isEmpty ? nil : try known(tensors, at: name)
        })
    default: return nil
    }
  }

  private func plainArgument(_ values: [Value], of name: String) throws -> Trace.Argument {
    /// What every run holds, if all hold the same.
    func common<Element: Equatable>(_ element: (Value) -> Element?) throws -> Element {
      let elements = values.compactMap(element)
      guard let first = elements.first, elements.count == values.count, elements.allSatisfy({ $0 == first }) else {
        throw differs(name)
      }
      return first
    }
    switch values[0] {
    case .none where values.allSatisfy({ if case .none = $0 { true } else { false } }): return .absent
    case .int:
      let numbers = values.compactMap { if case .int(let number) = $0 { number } else { nil } }
      return .integer(try length(numbers, "an argument of \(name)"))
    case .ints:
      let lists = values.compactMap { if case .ints(let list) = $0 { list } else { nil } }
      guard lists.count == values.count, lists.allSatisfy({ $0.count == lists[0].count }) else { throw differs(name) }
      return .integers(
        try lists[0].indices.map { position in try length(lists.map { $0[position] }, "an argument of \(name)") })
    // Compared by their bits, so that what is no number equals itself.
    case .double:
      return .double(
        Double(bitPattern: try common { if case .double(let number) = $0 { number.bitPattern } else { nil } }))
    case .doubles: return .doubles(try common { if case .doubles(let list) = $0 { list } else { nil } })
    case .bool: return .bool(try common { if case .bool(let flag) = $0 { flag } else { nil } })
    case .bools: return .bools(try common { if case .bools(let list) = $0 { list } else { nil } })
    case .string: return .string(try common { if case .string(let text) = $0 { text } else { nil } })
    case .object: return .object
    default: throw differs(name)
    }
  }

  private func differs(_ name: String) -> ExportError {
    .dependsOnLengths("an argument of \(name) differs between the \(differingAxes)")
  }

  /// `batch sizes`, or `lengths of batch, frames`.
  private var differingAxes: String {
    axes.map(\.axis.name) == ["batch"] ? "batch sizes" : "lengths of \(axes.map(\.axis.name).joined(separator: ", "))"
  }

  // MARK: Tensors of all runs

  /// The number that all runs' tensors have in common.
  private func number(of tensors: [Tensor]) -> Trace.TensorID? {
    guard tensors.count == known.count, let id = known[0][tensors[0].identity] else { return nil }
    return zip(known, tensors).allSatisfy { $0[$1.identity] == id } ? id : nil
  }

  /// The number of a tensor that an operation reads. One that nothing computed is a constant.
  private mutating func known(_ tensors: [Tensor], at place: String) throws -> Trace.TensorID {
    if let id = number(of: tensors) { return id }
    guard tensors.count == known.count, zip(known, tensors).allSatisfy({ $0[$1.identity] == nil }) else {
      throw ExportError.dependsOnLengths("\(place) reads different tensors at the \(differingAxes)")
    }
    let first = tensors[0]
    let areOne = tensors.dropFirst().allSatisfy { tensor in
      tensor.identity == first.identity
        || tensor.shape == first.shape && tensor.dataType == first.dataType && holdSameNumbers(tensor, first)
    }
    guard areOne else {
      throw ExportError.dependsOnLengths(
        "\(place) reads a tensor of shape \(first.shape) that is made anew for each of the \(differingAxes)")
    }
    let path = pathByIdentity[first.identity]
    return try declare(
      tensors, as: first.shape.map { .fixed($0) }, origin: .constant(path: path), path: path, dependsOnInput: false)
  }

  private func holdSameNumbers(_ a: Tensor, _ b: Tensor) -> Bool {
    a.cast(to: .float64).scalars(as: Double.self) == b.cast(to: .float64).scalars(as: Double.self)
  }

  private mutating func declare(
    _ tensors: [Tensor], as shape: Graph.Shape, origin: Trace.Origin, path: String?, dependsOnInput: Bool,
    at place: String = "the input"
  ) throws -> Trace.TensorID {
    for (tensor, lengths) in zip(tensors, lengths)
    where tensor.shape != shape.map({ $0.length(lengths) }) || tensor.dataType != tensors[0].dataType {
      throw ExportError.dependsOnLengths("\(place) gives shape \(tensor.shape) at \(lengths)")
    }
    lengthFinder.remember(shape)
    let id = trace.append(
      Trace.TensorInfo(
        origin: origin, shape: shape, dataType: tensors[0].dataType, value: tensors[0], path: path,
        dependsOnInput: dependsOnInput))
    for (run, tensor) in tensors.enumerated() { known[run][tensor.identity] = id }
    return id
  }

  private func shape(of tensors: [Tensor], at place: String) throws -> Graph.Shape {
    let shapes = tensors.map(\.shape)
    guard shapes.allSatisfy({ $0.count == shapes[0].count }) else {
      throw ExportError.dependsOnLengths("\(place) gives shapes \(shapes)")
    }
    return try shapes[0].indices.map { axis in
      try length(shapes.map { $0[axis] }, "the shape \(shapes[0]) of \(place)")
    }
  }

  private func length(_ numbers: [Int], _ what: String) throws -> Graph.Dimension {
    guard numbers.count == lengths.count else { throw differs(what) }
    guard let dimension = lengthFinder.dimension(of: numbers) else {
      let seen = zip(numbers, lengths).map { "\($0) at \($1)" }.joined(separator: ", ")
      throw ExportError.dependsOnLengths("\(what) is \(seen)")
    }
    return dimension
  }
}
