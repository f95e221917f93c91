private enum Aten {
  static let exp = Operator("aten::exp")
  static let log = Operator("aten::log")
  static let log1p = Operator("aten::log1p")
  static let sqrt = Operator("aten::sqrt")
  static let rsqrt = Operator("aten::rsqrt")
  static let abs = Operator("aten::abs")
  static let sign = Operator("aten::sign")
  static let sin = Operator("aten::sin")
  static let cos = Operator("aten::cos")
  static let erf = Operator("aten::erf")
  static let round = Operator("aten::round")
  static let floor = Operator("aten::floor")
  static let ceil = Operator("aten::ceil")
  static let clamp = Operator("aten::clamp")
  static let clampTensor = Operator("aten::clamp.Tensor")
}

extension Tensor {
  public func exp(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.exp.tensor([.tensor(self)], file, line)
  }
  /// The natural logarithm.
  public func log(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.log.tensor([.tensor(self)], file, line)
  }
  /// `log(1 + x)`, exact near 0.
  public func log1p(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.log1p.tensor([.tensor(self)], file, line)
  }
  public func sqrt(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.sqrt.tensor([.tensor(self)], file, line)
  }
  /// `1 / sqrt(x)`.
  public func rsqrt(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.rsqrt.tensor([.tensor(self)], file, line)
  }
  public func abs(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.abs.tensor([.tensor(self)], file, line)
  }
  public func sign(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.sign.tensor([.tensor(self)], file, line)
  }
  public func sin(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.sin.tensor([.tensor(self)], file, line)
  }
  public func cos(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.cos.tensor([.tensor(self)], file, line)
  }
  public func erf(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.erf.tensor([.tensor(self)], file, line)
  }
  /// To the nearest whole number, halves to the even one.
  public func rounded(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.round.tensor([.tensor(self)], file, line)
  }
  public func floor(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.floor.tensor([.tensor(self)], file, line)
  }
  public func ceil(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.ceil.tensor([.tensor(self)], file, line)
  }

  /// The elements, those outside the bounds moved to them.
  ///
  /// - Precondition: at least one bound is given.
  public func clamp(min: Double? = nil, max: Double? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor
  {
    Aten.clamp.tensor([.tensor(self), min.map(Value.scalar) ?? .none, max.map(Value.scalar) ?? .none], file, line)
  }
  public func clamp(min: Tensor? = nil, max: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.clampTensor.tensor([.tensor(self), .optional(min), .tensor(max)], file, line)
  }
}
