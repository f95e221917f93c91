import CSwiftletTorch

/// One operation as it happened.
public struct RecordedOperation: Sendable {
  /// The schema name, such as `aten::linear`.
  public let operatorName: String
  /// All arguments in schema order, defaults filled in.
  public let arguments: [Value]
  public let results: [Value]
  /// The arguments' names in the schema.
  public let argumentNames: [String]

  /// The argument of this name, or nil where the operator has none.
  public subscript(name: String) -> Value? {
    argumentNames.firstIndex(of: name).flatMap { $0 < arguments.count ? arguments[$0] : nil }
  }
}

extension Value: @unchecked Sendable {}

/// Runs `body` and writes down every tensor operation that this thread performs in it, in order.
///
/// The records keep their tensors alive, so that a ``Tensor/identity`` means one tensor throughout. Recordings nest: the
/// inner one listens alone. A function made by ``customGradient(_:_:forward:backward:file:line:)`` shows its forward
/// operations and, where a gradient is wanted, `swiftlet::custom_gradient` from their results to the final ones.
public func recordingOperations<Result>(
  _ body: () throws -> Result
) rethrows -> (result: Result, operations: [RecordedOperation]) {
  let recorder = OperationRecorder()
  let outer = swt_thread_slot(Int32(SWT_SLOT_RECORDER))
  swt_set_thread_slot(Int32(SWT_SLOT_RECORDER), Unmanaged.passUnretained(recorder).toOpaque())
  defer {
    swt_set_thread_slot(Int32(SWT_SLOT_RECORDER), outer)
    withExtendedLifetime(recorder) {}
  }
  let result = try body()
  return (result, recorder.operations)
}

/// What `recordingOperations` collects on its thread.
final class OperationRecorder {
  var operations: [RecordedOperation] = []

  static var current: OperationRecorder? {
    swt_thread_slot(Int32(SWT_SLOT_RECORDER)).map {
      Unmanaged<OperationRecorder>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// Records a call whose results are still the caller's to take.
  func note(_ performed: Operator, _ arguments: [Value], _ results: UnsafeBufferPointer<swt_value>) {
    let names = performed.argumentNames
    var complete = arguments
    for index in arguments.count..<max(names.count, arguments.count) {
      var value = swt_value()
      guard swt_operator_default(performed.handle, Int32(index), &value) == 0 else { break }
      complete.append(Value(taking: value))
    }
    operations.append(
      RecordedOperation(
        operatorName: performed.name, arguments: complete, results: results.map { Value(sharing: $0) },
        argumentNames: names))
  }
}

extension Value {
  /// A second owner of a result.
  fileprivate init(sharing value: swt_value) {
    func handles() -> [swt_tensor?] {
      guard let memory = value.u.p else { return [] }
      return Array(
        UnsafeBufferPointer(start: memory.assumingMemoryBound(to: swt_tensor?.self), count: Int(value.count)))
    }
    switch (Int(value.tag), value.u.p) {
    case (Int(SWT_TENSOR), let pointer?): self = .tensor(Tensor(owning: swt_tensor_retain(swt_tensor(pointer))))
    case (Int(SWT_OPTIONAL_TENSORS), _):
      let tensors = handles().map { $0.map { Tensor(owning: swt_tensor_retain($0)) } }
      let present = tensors.compactMap { $0 }
      self = present.count == tensors.count ? .tensors(present) : .optionalTensors(tensors)
    case (Int(SWT_INT), _), (Int(SWT_DOUBLE), _), (Int(SWT_BOOL), _): self = Value(taking: value)
    default: self = .none
    }
  }
}
