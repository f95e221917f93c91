import SwiftletTensor

/// Runs `body` with failures of tensor operations as errors, and memory that ran out as one that says what to do.
///
/// - Parameters:
///   - doing: what `body` does, as in "evaluating".
///   - remedy: what to make smaller.
/// - Throws: `RunError.outOfMemory`, `TensorError`, or what `body` throws.
public func advising<Result>(
  _ remedy: String, while doing: String, _ body: () throws -> Result
) throws -> Result {
  do {
    return try withError(body)
  } catch let error as TensorError where error.isOutOfMemory {
    throw RunError.outOfMemory(doing: doing, detail: "\(error)", remedy: remedy)
  }
}
