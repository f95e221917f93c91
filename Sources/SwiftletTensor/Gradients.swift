import CSwiftletTorch

extension Tensor {
  /// Whether operations on this tensor are followed for gradients. Only floating-point leaves can be asked to be.
  public var requiresGradient: Bool {
    get { inspect().requires_gradient }
    set {
      check(swt_set_requires_gradient(handle, newValue), "Tensor.requiresGradient", #fileID, #line)
    }
  }

  /// Whether this tensor was made by hand and not by an operation that is followed.
  public var isLeaf: Bool { inspect().is_leaf }

  /// What `backward` has accumulated for this tensor, or nil.
  public var gradient: Tensor? {
    get {
      var gradient: swt_tensor?
      check(swt_gradient(handle, &gradient), "Tensor.gradient", #fileID, #line)
      return gradient.map(Tensor.init(owning:))
    }
    set { check(swt_set_gradient(handle, newValue?.handle), "Tensor.gradient", #fileID, #line) }
  }

  /// Keeps the gradient of this tensor although it is not a leaf.
  public func keepGradient(file: StaticString = #fileID, line: UInt = #line) {
    check(swt_retain_gradient(handle), "Tensor.keepGradient", file, line)
  }

  /// Adds the gradients of this tensor to every leaf that it came from.
  ///
  /// - Parameters:
  ///   - gradient: the gradient of this tensor; may be left out for a single element, where it is 1.
  ///   - keepingGraph: whether `backward` can run again.
  ///   - differentiably: whether the gradients themselves can be differentiated.
  public func backward(
    gradient: Tensor? = nil, keepingGraph: Bool = false, differentiably: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if ErrorScope.hasFailed { return }
    let gradients = [gradient?.handle]
    check(
      swt_backward([handle], gradient == nil ? nil : gradients, 1, keepingGraph || differentiably, differentiably),
      "Tensor.backward of shape \(shape)", file, line)
  }

  /// The gradients of this tensor with respect to `inputs`, nil for one that it does not depend on. Leaves no other trace.
  public func gradients(
    withRespectTo inputs: [Tensor], gradient: Tensor? = nil, keepingGraph: Bool = false, differentiably: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> [Tensor?] {
    var found = [swt_tensor?](repeating: nil, count: inputs.count)
    if ErrorScope.hasFailed || inputs.isEmpty { return found.map { _ in nil } }
    let gradients = [gradient?.handle]
    check(
      swt_gradients(
        [handle], gradient == nil ? nil : gradients, 1, inputs.map(\.handle), Int32(inputs.count),
        keepingGraph || differentiably, differentiably, &found),
      "Tensor.gradients of shape \(shape)", file, line)
    return found.map { $0.map(Tensor.init(owning:)) }
  }
}

/// Runs `body` without following operations for gradients. Holds for the calling thread.
public func withNoGradient<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  try withGradientMode(false, body)
}

/// Runs `body` with operations followed for gradients, inside `withNoGradient` too.
public func withGradient<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  try withGradientMode(true, body)
}

private func withGradientMode<Result, Failure: Error>(
  _ on: Bool, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let before = swt_gradient_mode()
  swt_set_gradient_mode(on)
  defer { swt_set_gradient_mode(before) }
  return try body()
}
