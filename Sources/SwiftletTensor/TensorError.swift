import CSwiftletTorch
import SwiftletFiles

/// A tensor operation that failed, with the operation and the reason.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operator's schema name, such as `aten::matmul`, or the Swift function.
  public let operation: String
  /// What libtorch or Swiftlet found wrong.
  public let message: String
  /// Whether memory was lacking, of the processor or of a device.
  public let isOutOfMemory: Bool

  public init(operation: String, message: String, isOutOfMemory: Bool = false) {
    (self.operation, self.message, self.isOutOfMemory) = (operation, message, isOutOfMemory)
  }

  public var description: String { "\(operation): \(message)" }

  /// The failure that the shim noted last on this thread.
  static func last(_ operation: String, _ status: swt_status = 1) -> TensorError {
    TensorError(
      operation: operation, message: String(cString: swt_last_error()), isOutOfMemory: status == SWT_OUT_OF_MEMORY)
  }
}

/// Runs `body` with failures of tensor operations as errors: the first one is thrown when `body` ends.
///
/// Without it such a failure stops the program, because it is a bug like an index out of range. After a failure the rest
/// of `body` runs on with placeholders, tensors of NaN in the shape of an operation's first tensor, and no operation
/// does any work; so `body` should not rely on shapes it has not checked. Holds for the calling thread.
///
/// - Throws: ``TensorError`` for the first failed operation, or what `body` throws.
public func withError<Result>(_ body: () throws -> Result) throws -> Result {
  let scope = ErrorScope()
  let outer = swt_thread_slot(Int32(SWT_SLOT_ERRORS))
  swt_set_thread_slot(Int32(SWT_SLOT_ERRORS), Unmanaged.passUnretained(scope).toOpaque())
  defer {
    swt_set_thread_slot(Int32(SWT_SLOT_ERRORS), outer)
    withExtendedLifetime(scope) {}
  }
  do {
    let result = try body()
    if let failure = scope.failure { throw failure }
    return result
  } catch {
    // What `body` throws after a failed operation is a consequence of it.
    throw scope.failure ?? error
  }
}

/// What `withError` collects on its thread.
final class ErrorScope {
  var failure: TensorError?

  static var current: ErrorScope? {
    swt_thread_slot(Int32(SWT_SLOT_ERRORS)).map { Unmanaged<ErrorScope>.fromOpaque($0).takeUnretainedValue() }
  }
  /// Whether an operation has already failed in the scope around the caller.
  static var hasFailed: Bool { current?.failure != nil }
}

/// Reports what Swift code finds wrong with its tensors, such as a layer with its input, the way operations report: stops
/// the program at `file` and `line`, or has the ``withError(_:)`` around the caller throw.
///
/// The caller goes on after it only inside `withError`, where results no longer matter.
public func reportFailure(_ operation: String, _ message: String, file: StaticString = #fileID, line: UInt = #line) {
  report(TensorError(operation: operation, message: message), file, line)
}

/// Notes the failure in the scope around the caller; without one, stops the program at the caller's line.
///
/// Memory that ran out is no bug of the program: that ends it with a sentence and exit code 71 (EX_OSERR).
func report(_ failure: @autoclosure () -> TensorError, _ file: StaticString, _ line: UInt) {
  guard let scope = ErrorScope.current else {
    let failure = failure()
    guard failure.isOutOfMemory else { fatalError(failure.description, file: file, line: line) }
    let remedy = "use smaller batches, fewer calibration images or a smaller network"
    let sentence = Array("error: memory ran out in \(failure): \(remedy)\n".utf8)
    _ = write(STDERR_FILENO, sentence, sentence.count)
    exit(71)
  }
  if scope.failure == nil { scope.failure = failure() }
}

/// Reports the shim's last error when `status` says that there is one; answers whether all is well.
@discardableResult
func check(
  _ status: swt_status, _ operation: @autoclosure () -> String, _ file: StaticString, _ line: UInt
) -> Bool {
  if status == 0 { return true }
  report(.last(operation(), status), file, line)
  return false
}
