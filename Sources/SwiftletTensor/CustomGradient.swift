import CSwiftletTorch

/// A function with a gradient written by hand.
///
/// `forward` runs without being followed. `backward` receives the gradients of its results, nil where nothing depends on
/// one, and answers one gradient for each input, nil for none. What `backward` throws, or an operation that fails in it,
/// fails the `backward` call that led there. A `backward` that captures a result of `forward` closes a cycle that is
/// never freed: capture inputs, or intermediate values, instead.
///
/// ```swift
/// let rounded = customGradient("round", [x], forward: { [$0[0].rounded()] }, backward: { [$0[0]] })[0]
/// ```
public func customGradient<Failure: Error>(
  _ name: String, _ inputs: [Tensor], forward: ([Tensor]) throws(Failure) -> [Tensor],
  backward: @escaping ([Tensor?]) throws -> [Tensor?], file: StaticString = #fileID, line: UInt = #line
) throws(Failure) -> [Tensor] {
  let outputs = try withNoGradient { () throws(Failure) in try forward(inputs) }
  if ErrorScope.hasFailed || outputs.isEmpty { return outputs }
  // The shim replaces the handles, so each carries a reference of its own.
  var handles = outputs.map { swt_tensor_retain($0.handle) }
  let status = swt_custom_gradient(
    name, inputs.map(\.handle), Int32(inputs.count), &handles, Int32(handles.count),
    Unmanaged.passRetained(BackwardClosure(name, backward)).toOpaque(), runBackward,
    { Unmanaged<BackwardClosure>.fromOpaque($0).release() })
  let results = handles.map(Tensor.init(owning:))
  check(status, "customGradient(\"\(name)\")", file, line)
  if let recorder = OperationRecorder.current, results.map(\.identity) != outputs.map(\.identity) {
    recorder.operations.append(
      RecordedOperation(
        operatorName: "swiftlet::custom_gradient", arguments: [.string(name), .tensors(outputs)],
        results: [.tensors(results)], argumentNames: ["name", "outputs"]))
  }
  return results
}

private final class BackwardClosure {
  let name: String
  let body: ([Tensor?]) throws -> [Tensor?]
  init(_ name: String, _ body: @escaping ([Tensor?]) throws -> [Tensor?]) { (self.name, self.body) = (name, body) }
}

/// Called by libtorch during a backward pass.
private func runBackward(
  context: UnsafeMutableRawPointer, outputGradients: UnsafePointer<swt_tensor?>, outputCount: Int32,
  inputGradients: UnsafeMutablePointer<swt_tensor?>, inputCount: Int32
) -> swt_status {
  let closure = Unmanaged<BackwardClosure>.fromOpaque(context).takeUnretainedValue()
  do {
    let incoming = (0..<Int(outputCount)).map { index in
      outputGradients[index].map { Tensor(owning: swt_tensor_retain($0)) }
    }
    let outgoing = try withError { try closure.body(incoming) }
    guard outgoing.count == Int(inputCount) else {
      throw TensorError(
        operation: closure.name, message: "backward answered \(outgoing.count) gradients for \(inputCount) inputs")
    }
    for (index, gradient) in outgoing.enumerated() {
      inputGradients[index] = gradient.map { swt_tensor_retain($0.handle) }
    }
    return 0
  } catch {
    swt_set_error("backward of \(closure.name): \(error)")
    return 1
  }
}
