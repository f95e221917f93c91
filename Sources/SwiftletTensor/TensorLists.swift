private enum Aten {
  static let add = Operator("aten::_foreach_add_.List")
  static let mulScalar = Operator("aten::_foreach_mul_.Scalar")
  static let mulTensor = Operator("aten::_foreach_mul_.Tensor")
  static let lerp = Operator("aten::_foreach_lerp_.Scalar")
  static let addcmul = Operator("aten::_foreach_addcmul_.Scalar")
  static let addcdiv = Operator("aten::_foreach_addcdiv_.Scalar")
  static let copy = Operator("aten::_foreach_copy_")
  static let zero = Operator("aten::_foreach_zero_")
  static let norm = Operator("aten::_foreach_norm.Scalar")
  static let sqrt = Operator("aten::_foreach_sqrt")
  static let fusedAdamW = Operator("aten::_fused_adamw_")
  static let fusedSGD = Operator("aten::_fused_sgd_")
}

// What an optimiser does to all parameters at once: one call for a list of tensors. Lists pair up by position.
extension [Tensor] {
  /// `self[i] += scale * others[i]`.
  public func addInPlace(_ others: [Tensor], scale: Double = 1, file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.add.call([.tensors(self), .tensors(others), .scalar(scale)], file: file, line: line)
  }

  public func mulInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.mulScalar.call([.tensors(self), .scalar(value)], file: file, line: line)
  }

  /// Multiplies every tensor by one scalar tensor.
  public func mulInPlace(_ factor: Tensor, file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.mulTensor.call([.tensors(self), .tensor(factor)], file: file, line: line)
  }

  /// `self[i] += weight * (ends[i] - self[i])`.
  public func lerpInPlace(to ends: [Tensor], weight: Double, file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.lerp.call([.tensors(self), .tensors(ends), .scalar(weight)], file: file, line: line)
  }

  /// `self[i] += scale * first[i] * second[i]`.
  public func addcmulInPlace(
    _ first: [Tensor], _ second: [Tensor], scale: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) {
    if isEmpty { return }
    _ = Aten.addcmul.call(
      [.tensors(self), .tensors(first), .tensors(second), .scalar(scale)], file: file, line: line)
  }

  /// `self[i] += scale * numerators[i] / denominators[i]`.
  public func addcdivInPlace(
    _ numerators: [Tensor], _ denominators: [Tensor], scale: Double = 1, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if isEmpty { return }
    _ = Aten.addcdiv.call(
      [.tensors(self), .tensors(numerators), .tensors(denominators), .scalar(scale)], file: file, line: line)
  }

  public func copyInPlace(from sources: [Tensor], file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.copy.call([.tensors(self), .tensors(sources)], file: file, line: line)
  }

  public func zeroInPlace(file: StaticString = #fileID, line: UInt = #line) {
    if isEmpty { return }
    _ = Aten.zero.call([.tensors(self)], file: file, line: line)
  }

  /// The norm of each tensor, as a vector.
  public func norms(order: Double = 2, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if isEmpty { return Tensor.zeros([0], file: file, line: line) }
    return Tensor.stacked(Aten.norm.list([.tensors(self), .scalar(order)], file, line), file: file, line: line)
  }

  /// The square root of each tensor.
  public func sqrt(file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    isEmpty ? [] : Aten.sqrt.list([.tensors(self)], file, line)
  }
}

/// One step of AdamW for all `parameters` in a single fused kernel; changes parameters and moments.
///
/// `steps` are float32 scalars that hold the number of this step, counted from 1, one for each parameter.
///
/// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.
public func fusedAdamW(
  parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor],
  learningRate: Double, beta1: Double, beta2: Double, weightDecay: Double, epsilon: Double,
  file: StaticString = #fileID, line: UInt = #line
) {
  if parameters.isEmpty { return }
  _ = Aten.fusedAdamW.call(
    [
      .tensors(parameters), .tensors(gradients), .tensors(firstMoments), .tensors(secondMoments), .tensors([]),
      .tensors(steps), .double(learningRate), .double(beta1), .double(beta2), .double(weightDecay), .double(epsilon),
      false, false,
    ], file: file, line: line)
}

/// One step of SGD with momentum for all `parameters` in a single fused kernel; changes parameters and momenta.
///
/// On the first step the momenta are set to the gradients.
public func fusedSGD(
  parameters: [Tensor], gradients: [Tensor], momenta: [Tensor], weightDecay: Double, momentum: Double,
  learningRate: Double, nesterov: Bool = false, isFirstStep: Bool, file: StaticString = #fileID, line: UInt = #line
) {
  if parameters.isEmpty { return }
  _ = Aten.fusedSGD.call(
    [
      .tensors(parameters), .tensors(gradients), .tensors(momenta), .double(weightDecay), .double(momentum),
      .double(learningRate), .double(0), .bool(nesterov), false, .bool(isFirstStep),
    ], file: file, line: line)
}
