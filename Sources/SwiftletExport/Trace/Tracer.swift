import SwiftletRuntime
import SwiftletTensor

/// Records a forward pass at two batch sizes and keeps what is common: lengths and integers that grow with the batch are
/// multiples of it, everything else is fixed.
struct Tracer {
  /// Coprime, so that no length is a multiple of both by accident unless it grows with the batch.
  static let batchSizes = (2, 3)

  /// Dotted names of the model's parameters and buffers.
  let parameters: [(path: String, tensor: Tensor)]

  private var trace = Trace()
  /// The trace's number for each tensor of the first and of the second run.
  private var first: [TensorIdentity: Trace.TensorID] = [:]
  private var second: [TensorIdentity: Trace.TensorID] = [:]
  private var pathByIdentity: [TensorIdentity: String] = [:]

  /// Traces `forward` on zeros of shape `[batch] + inputShape`.
  static func trace(
    inputShape: [Int], parameters: [(path: String, tensor: Tensor)], forward: (Tensor) throws -> Tensor
  ) throws -> Trace {
    var tracer = Tracer(parameters: parameters)
    return try tracer.run(inputShape: inputShape, forward: forward)
  }

  private init(parameters: [(path: String, tensor: Tensor)]) {
    self.parameters = parameters
    for (path, tensor) in parameters where pathByIdentity[tensor.identity] == nil {
      pathByIdentity[tensor.identity] = path
    }
  }

  private mutating func run(inputShape: [Int], forward: (Tensor) throws -> Tensor) throws -> Trace {
    let one = try record(batch: Self.batchSizes.0, inputShape, forward)
    let two = try record(batch: Self.batchSizes.1, inputShape, forward)
    guard one.operations.count == two.operations.count else {
      throw ExportError.dependsOnBatch(
        "its forward pass has \(one.operations.count) operations at batch \(Self.batchSizes.0) and "
          + "\(two.operations.count) at batch \(Self.batchSizes.1)")
    }

    trace.input = try declare(one.input, two.input, origin: .input, path: nil, dependsOnInput: true, at: "the input")
    for (a, b) in zip(one.operations, two.operations) { try append(a, b) }
    trace.outputs = [try known(one.output, two.output, at: "the output")]
    return trace
  }

  private struct Run {
    let input, output: Tensor
    let operations: [RecordedOperation]
  }

  private func record(batch: Int, _ shape: [Int], _ forward: (Tensor) throws -> Tensor) throws -> Run {
    try withNoGradient {
      let input = Tensor.zeros([batch] + shape)
      let (output, operations) = try recordingOperations { try forward(input) }
      return Run(input: input, output: output, operations: operations)
    }
  }

  // MARK: One operation of both runs

  private mutating func append(_ a: RecordedOperation, _ b: RecordedOperation) throws {
    guard a.operatorName == b.operatorName, a.arguments.count == b.arguments.count else {
      throw ExportError.dependsOnBatch(
        "\(a.operatorName) at batch \(Self.batchSizes.0) is \(b.operatorName) at batch \(Self.batchSizes.1)")
    }
    let name = a.operatorName
    let isInPlace = name.baseName.hasSuffix("_")
    guard !isInPlace else {
      throw ExportError.untraceable("\(name) writes into a tensor; use the form that returns one")
    }

    let arguments = Trace.Arguments(
      names: a.argumentNames, values: try zip(a.arguments, b.arguments).map { try argument($0, $1, of: name) })
    let ids = arguments.tensorIDs
    let dependsOnInput = ids.contains { trace[$0].dependsOnInput }
    let paths = Set(ids.compactMap { trace[$0].dependsOnInput ? nil : trace[$0].path })
    let path = dependsOnInput || paths.count != 1 ? nil : paths.first

    var results: [Trace.TensorID] = []
    let (x, y) = (a.results.flatMap(\.allTensors), b.results.flatMap(\.allTensors))
    guard x.count == y.count else {
      throw ExportError.dependsOnBatch("the number of results of \(name) differs between the batch sizes")
    }
    for (x, y) in zip(x, y) {
      // An operation may hand back its argument, as `contiguous` does: then there is nothing to compute.
      if let same = first[x.identity], same == second[y.identity], ids.contains(same) { return }
      results.append(
        try declare(x, y, origin: .operation, path: path, dependsOnInput: dependsOnInput, at: name))
    }
    trace.operations.append(Trace.Operation(name: name, arguments: arguments, results: results))
  }

  private mutating func argument(
    _ a: Value, _ b: Value, of name: String
  ) throws -> Trace.Argument {
    switch (a, b) {
    case (.none, .none): return .absent
    case (.tensor(let a), .tensor(let b)): return .tensor(try known(a, b, at: name))
    case (.tensors(let a), .tensors(let b)) where a.count == b.count:
      return .tensors(try zip(a, b).map { try known($0, $1, at: name) })
    case (.optionalTensors(let a), .optionalTensors(let b)) where a.count == b.count:
      return .tensors(
        try zip(a, b).map { pair in
          guard let a = pair.0, let b = pair.1 else { return nil }
          return try known(a, b, at: name)
        })
    case (.int(let a), .int(let b)): return .integer(try dimension(a, b, "an argument of \(name)"))
    case (.ints(let a), .ints(let b)) where a.count == b.count:
      return .integers(try zip(a, b).map { try dimension($0, $1, "an argument of \(name)") })
    case (.double(let a), .double(let b)) where a == b || (a.isNaN && b.isNaN): return .double(a)
    case (.doubles(let a), .doubles(let b)) where a == b: return .doubles(a)
    case (.bool(let a), .bool(let b)) where a == b: return .bool(a)
    case (.bools(let a), .bools(let b)) where a == b: return .bools(a)
    case (.string(let a), .string(let b)) where a == b: return .string(a)
    case (.object, .object): return .object
    default: throw ExportError.dependsOnBatch("an argument of \(name) differs between the batch sizes")
    }
  }

  // MARK: Tensors of both runs

  /// The number of a tensor that an operation reads. One that nothing computed is a constant.
  private mutating func known(_ a: Tensor, _ b: Tensor, at place: String) throws -> Trace.TensorID {
    if let id = first[a.identity] {
      guard second[b.identity] == id else {
        throw ExportError.dependsOnBatch("\(place) reads different tensors at the two batch sizes")
      }
      return id
    }
    guard a.identity == b.identity || (a.shape == b.shape && a.dataType == b.dataType && holdSameNumbers(a, b)) else {
      throw ExportError.dependsOnBatch("\(place) reads a tensor of shape \(a.shape) that is made anew for each batch")
    }
    let path = pathByIdentity[a.identity]
    return try declare(a, b, origin: .constant(path: path), path: path, dependsOnInput: false, at: place)
  }

  private func holdSameNumbers(_ a: Tensor, _ b: Tensor) -> Bool {
    a.cast(to: .float64).scalars(as: Double.self) == b.cast(to: .float64).scalars(as: Double.self)
  }

  private mutating func declare(
    _ a: Tensor, _ b: Tensor, origin: Trace.Origin, path: String?, dependsOnInput: Bool, at place: String
  ) throws -> Trace.TensorID {
    guard a.shape.count == b.shape.count, a.dataType == b.dataType else {
      throw ExportError.dependsOnBatch("\(place) gives shape \(a.shape) or \(b.shape)")
    }
    let shape = try zip(a.shape, b.shape).map { try dimension($0, $1, "the shape \(a.shape) of \(place)") }
    let id = trace.append(
      Trace.TensorInfo(
        origin: origin, shape: shape, dataType: a.dataType, value: a, path: path, dependsOnInput: dependsOnInput))
    first[a.identity] = id
    second[b.identity] = id
    return id
  }

  private func dimension(_ a: Int, _ b: Int, _ what: String) throws -> Graph.Dimension {
    if a == b { return .fixed(a) }
    let (one, two) = Self.batchSizes
    guard a > 0, a.isMultiple(of: one), b == a / one * two else {
      throw ExportError.dependsOnBatch("\(what) is \(a) at batch \(one) and \(b) at batch \(two)")
    }
    return .batch(a / one)
  }
}
