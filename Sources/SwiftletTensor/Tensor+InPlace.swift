private enum Aten {
  static let add = Operator("aten::add_.Tensor")
  static let addScalar = Operator("aten::add_.Scalar")
  static let mul = Operator("aten::mul_.Tensor")
  static let mulScalar = Operator("aten::mul_.Scalar")
  static let div = Operator("aten::div_.Tensor")
  static let divScalar = Operator("aten::div_.Scalar")
  static let lerp = Operator("aten::lerp_.Scalar")
  static let addcmul = Operator("aten::addcmul_")
  static let addcdiv = Operator("aten::addcdiv_")
  static let copy = Operator("aten::copy_")
  static let zero = Operator("aten::zero_")
  static let fill = Operator("aten::fill_.Scalar")
  static let clamp = Operator("aten::clamp_")
  static let maskedFill = Operator("aten::masked_fill_.Scalar")
}

// Each changes the elements and answers the same tensor. A leaf that wants a gradient can be changed only inside
// `withNoGradient`.
extension Tensor {
  /// `self += scale * other`.
  @discardableResult
  public func addInPlace(_ other: Tensor, scale: Double = 1, file: StaticString = #fileID, line: UInt = #line) -> Tensor
  {
    Aten.add.tensor([.tensor(self), .tensor(other), .scalar(scale)], file, line)
  }
  @discardableResult
  public func addInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.addScalar.tensor([.tensor(self), .scalar(value)], file, line)
  }

  @discardableResult
  public func mulInPlace(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.mul.tensor([.tensor(self), .tensor(other)], file, line)
  }
  @discardableResult
  public func mulInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.mulScalar.tensor([.tensor(self), .scalar(value)], file, line)
  }

  @discardableResult
  public func divInPlace(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.div.tensor([.tensor(self), .tensor(other)], file, line)
  }
  @discardableResult
  public func divInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.divScalar.tensor([.tensor(self), .scalar(value)], file, line)
  }

  /// `self += weight * (end - self)`.
  @discardableResult
  public func lerpInPlace(to end: Tensor, weight: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.lerp.tensor([.tensor(self), .tensor(end), .scalar(weight)], file, line)
  }

  /// `self += scale * first * second`.
  @discardableResult
  public func addcmulInPlace(
    _ first: Tensor, _ second: Tensor, scale: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.addcmul.tensor([.tensor(self), .tensor(first), .tensor(second), .scalar(scale)], file, line)
  }

  /// `self += scale * numerator / denominator`.
  @discardableResult
  public func addcdivInPlace(
    _ numerator: Tensor, _ denominator: Tensor, scale: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.addcdiv.tensor([.tensor(self), .tensor(numerator), .tensor(denominator), .scalar(scale)], file, line)
  }

  /// Overwrites the elements with those of `source`, broadcast and converted.
  @discardableResult
  public func copyInPlace(from source: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.copy.tensor([.tensor(self), .tensor(source)], file, line)
  }

  @discardableResult
  public func zeroInPlace(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.zero.tensor([.tensor(self)], file, line)
  }

  @discardableResult
  public func fillInPlace(_ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.fill.tensor([.tensor(self), .scalar(value)], file, line)
  }

  @discardableResult
  public func clampInPlace(min: Double? = nil, max: Double? = nil, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.clamp.tensor([.tensor(self), min.map(Value.scalar) ?? .none, max.map(Value.scalar) ?? .none], file, line)
  }

  /// Writes `value` where `mask` is true.
  @discardableResult
  public func maskedFillInPlace(_ mask: Tensor, _ value: Double, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.maskedFill.tensor([.tensor(self), .tensor(mask), .scalar(value)], file, line)
  }
}
