/// Why a session cannot run: one sentence.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  case inputCount(expected: Int, found: Int)
  /// An input does not have the shape that the graph declares.
  case inputShape(name: String, expected: String, found: [Int])
  /// An input does not have the element type that the graph declares.
  case inputType(name: String, expected: String, found: String)
  /// The batch axes of the inputs disagree, or the batch is empty or too large.
  case batch(Int)
  case outOfMemory(byteCount: Int)
  case threadCount(Int)
  case missingThread(reason: String)
  case instructionSet(InstructionSet, best: InstructionSet)

  public var description: String {
    switch self {
    case .inputCount(let expected, let found): "the model takes \(expected) inputs, found \(found)"
    case .inputShape(let name, let expected, let found): "the input \(name) has shape \(found), expected \(expected)"
    case .inputType(let name, let expected, let found): "the input \(name) holds \(found), expected \(expected)"
    case .batch(let batch):
      "a batch of \(batch) cannot run: expected 1 to \(Graph.Limit.batch), and the same in every input"
    case .outOfMemory(let byteCount): "\(byteCount) bytes of memory are not available: use a smaller batch"
    case .threadCount(let count): "\(count) threads cannot run: expected 1 to \(ThreadPool.limit)"
    case .missingThread(let reason): "the system gives no thread: \(reason)"
    case .instructionSet(let asked, let best): "this processor does not run \(asked.rawValue): it runs \(best.rawValue)"
    }
  }
}
