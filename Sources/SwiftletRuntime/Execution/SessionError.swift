/// Why a session cannot run: one sentence.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  case inputCount(expected: Int, found: Int)
  /// An input does not have the shape that the graph declares.
  case inputShape(name: String, expected: String, found: [Int])
  /// An input does not have the element type that the graph declares.
  case inputType(name: String, expected: String, found: String)
  /// There is no input of this name, or it is missing.
  case inputName(String, known: [String])
  /// The inputs disagree about an axis, or it is empty or too long.
  case axis(String, Int, maximum: Int)
  /// A value would have no elements, as an axis is too short for what is computed along it.
  case emptyValue(String, axis: String, Graph.AxisLengths)
  /// A slice reaches beyond the axis that it cuts.
  case range(node: String, start: Int, end: Int, length: Int, lengths: Graph.AxisLengths)
  /// An append would write outside a state.
  case position(node: String, first: Int, count: Int, capacity: Int)
  /// Tokens stand at positions that a node's tables do not have.
  case tablePosition(node: String, first: Int, count: Int, positions: Int)
  /// An embedding has no row of this number.
  case id(node: String, id: Int, rows: Int)
  /// The state belongs to a session of another model.
  case foreignState
  case outOfMemory(byteCount: Int)
  case threadCount(Int)
  case missingThread(reason: String)
  case instructionSet(InstructionSet, best: InstructionSet)

  public var description: String {
    switch self {
    case .inputCount(let expected, let found): "the model takes \(expected) inputs, found \(found)"
    case .inputShape(let name, let expected, let found): "the input \(name) has shape \(found), expected \(expected)"
    case .inputType(let name, let expected, let found): "the input \(name) holds \(found), expected \(expected)"
    case .inputName(let name, let known):
      "there is no input \(name), or it is missing: the model takes \(known.joined(separator: ", "))"
    case .axis(let axis, let length, let maximum):
      "a \(axis) of \(length) cannot run: expected 1 to \(maximum), and the same in every input"
    case .emptyValue(let value, let axis, let lengths):
      "\(value) would be empty at \(lengths): \(axis) is too short"
    case .range(let node, let start, let end, let length, let lengths):
      "\(node) takes \(start)..<\(end) of an axis of \(length) at \(lengths): an axis is too short"
    case .position(let node, let first, let count, let capacity):
      "\(node) appends \(count) from position \(first) on to a state of \(capacity)"
    case .tablePosition(let node, let first, let count, let positions):
      "\(node) has no position for \(count) tokens from \(first) on: it knows \(positions)"
    case .id(let node, let id, let rows): "\(node) has no row \(id): ids go from 0 to \(rows - 1)"
    case .foreignState: "the state belongs to another model"
    case .outOfMemory(let byteCount): "\(byteCount) bytes of memory are not available: use a smaller batch"
    case .threadCount(let count): "\(count) threads cannot run: expected 1 to \(ThreadPool.limit)"
    case .missingThread(let reason): "the system gives no thread: \(reason)"
    case .instructionSet(let asked, let best): "this processor does not run \(asked.rawValue): it runs \(best.rawValue)"
    }
  }
}
