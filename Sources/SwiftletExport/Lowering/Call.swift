import SwiftletRuntime

/// One recorded operation as a rule sees it: typed access to its arguments, and errors that name the place.
struct Call {
  typealias TensorID = Trace.TensorID

  let operation: Trace.Operation
  let trace: Trace
  /// The module that it belongs to.
  let place: String

  func unsupported(_ reason: String) -> ExportError {
    let shapes = operation.arguments.tensorIDs.map { "\(trace[$0].value.shape)" }.joined(separator: ", ")
    return .unsupported(operation: operation.name, place: "\(place) (\(shapes))", reason: reason)
  }

  private func argument(_ name: String) -> Trace.Argument { operation.arguments[name] ?? .absent }

  // MARK: Tensors

  /// The first argument, whatever its name.
  func input() throws -> TensorID {
    guard case .tensor(let id) = operation.arguments.first else { throw unsupported("its first argument is no tensor") }
    return id
  }

  func tensor(_ name: String) throws -> TensorID {
    guard let id = optionalTensor(name) else { throw unsupported("its \(name) is no tensor") }
    return id
  }

  func optionalTensor(_ name: String) -> TensorID? {
    if case .tensor(let id) = argument(name) { id } else { nil }
  }

  func tensors(_ name: String) throws -> [TensorID] {
    guard case .tensors(let ids) = argument(name), ids.allSatisfy({ $0 != nil }) else {
      throw unsupported("its \(name) is no list of tensors")
    }
    return ids.compactMap(\.self)
  }

  /// A tensor that is known before the model runs, such as a weight.
  func constant(_ name: String) throws -> TensorID {
    let id = try tensor(name)
    guard trace[id].isConstant else { throw unsupported("its \(name) depends on the input") }
    return id
  }

  func optionalConstant(_ name: String) throws -> TensorID? {
    optionalTensor(name) == nil ? nil : try constant(name)
  }

  func shape(_ id: TensorID) -> Graph.Shape { trace[id].shape }

  func result() throws -> TensorID {
    guard let id = operation.results.first, operation.results.count == 1 else {
      throw unsupported("expected one result, found \(operation.results.count)")
    }
    return id
  }

  // MARK: Scalars

  /// An integer, or `fallback` where the argument is missing.
  func integer(_ name: String, default fallback: Int? = nil) throws -> Int {
    switch argument(name) {
    case .integer(.fixed(let value)): return value
    case .absent:
      if let fallback { return fallback }
      throw unsupported("its \(name) is missing")
    default: throw unsupported("its \(name) is no fixed integer")
    }
  }

  func dimension(_ name: String, default fallback: Graph.Dimension) throws -> Graph.Dimension {
    switch argument(name) {
    case .integer(let value): return value
    case .absent: return fallback
    default: throw unsupported("its \(name) is no integer")
    }
  }

  func integers(_ name: String) throws -> [Int] {
    switch argument(name) {
    case .integers(let values):
      return try values.map {
        guard case .fixed(let value) = $0 else { throw grows(name, $0) }
        return value
      }
    case .integer(.fixed(let value)): return [value]
    case .absent: return []
    default: throw unsupported("its \(name) is no list of integers")
    }
  }

  /// A number, whichever its type.
  func number(_ name: String, default fallback: Double? = nil) throws -> Double {
    switch argument(name) {
    case .double(let value): return value
    case .integer(.fixed(let value)): return Double(value)
    case .bool(let value): return value ? 1 : 0
    case .absent:
      if let fallback { return fallback }
      throw unsupported("its \(name) is missing")
    case .integer(let value): throw grows(name, value)
    default: throw unsupported("its \(name) is no number")
    }
  }

  /// Numbers of a list; none where the argument is missing.
  func numbers(_ name: String) throws -> [Double] {
    switch argument(name) {
    case .doubles(let values): return values
    case .absent: return []
    default: throw unsupported("its \(name) is no list of numbers")
    }
  }

  private func grows(_ name: String, _ dimension: Graph.Dimension) -> ExportError {
    unsupported("its \(name) grows with the \(dimension.axisName ?? "input")")
  }

  func bool(_ name: String, default fallback: Bool) throws -> Bool {
    switch argument(name) {
    case .bool(let value): return value
    case .integer(.fixed(let value)): return value != 0
    case .absent: return fallback
    default: throw unsupported("its \(name) is neither true nor false")
    }
  }

  func string(_ name: String, default fallback: String) throws -> String {
    switch argument(name) {
    case .string(let value): return value
    case .absent: return fallback
    default: throw unsupported("its \(name) is no text")
    }
  }

  // MARK: Axes

  /// A position along an axis, counted from its end where it is negative.
  func position(
    _ name: String, along length: Graph.Dimension, default fallback: Graph.Dimension
  ) throws -> Graph.Dimension {
    let position = try dimension(name, default: fallback)
    guard let number = position.fixedLength, number < 0 else { return position }
    return try sum(length, position)
  }

  func sum(_ a: Graph.Dimension, _ b: Graph.Dimension) throws -> Graph.Dimension {
    guard let sum = a.adding(b) else { throw unsupported("\(a) and \(b) do not add up to one length") }
    return sum
  }

  /// An axis counted from the front.
  func axis(_ name: String, of rank: Int, default fallback: Int? = nil) throws -> Int {
    try axis(integer(name, default: fallback), rank)
  }

  func axes(_ name: String, of rank: Int) throws -> [Int] {
    try integers(name).map { try axis($0, rank) }
  }

  private func axis(_ value: Int, _ rank: Int) throws -> Int {
    let axis = value < 0 ? value + rank : value
    guard (0..<rank).contains(axis) else { throw unsupported("there is no axis \(value) among \(rank)") }
    return axis
  }
}
