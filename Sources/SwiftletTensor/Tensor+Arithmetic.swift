private enum Aten {
  static let add = Operator("aten::add.Tensor")
  static let addScalar = Operator("aten::add.Scalar")
  static let sub = Operator("aten::sub.Tensor")
  static let subScalar = Operator("aten::sub.Scalar")
  static let rsubScalar = Operator("aten::rsub.Scalar")
  static let mul = Operator("aten::mul.Tensor")
  static let mulScalar = Operator("aten::mul.Scalar")
  static let div = Operator("aten::div.Tensor")
  static let divScalar = Operator("aten::div.Scalar")
  static let divMode = Operator("aten::div.Tensor_mode")
  static let divScalarMode = Operator("aten::div.Scalar_mode")
  static let remainder = Operator("aten::remainder.Tensor")
  static let remainderScalar = Operator("aten::remainder.Scalar")
  static let neg = Operator("aten::neg")
  static let reciprocal = Operator("aten::reciprocal")
  static let pow = Operator("aten::pow.Tensor_Tensor")
  static let powScalar = Operator("aten::pow.Tensor_Scalar")
  static let powBase = Operator("aten::pow.Scalar")
  static let maximum = Operator("aten::maximum")
  static let minimum = Operator("aten::minimum")
  static let lerp = Operator("aten::lerp.Scalar")
}

extension Value {
  /// A number beside a tensor. A whole one goes as an integer, so that `labels * 2` stays integer.
  static func scalar(_ number: Double) -> Value {
    if number == number.rounded(), Swift.abs(number) < 0x1p53 { return .int(Int(number)) }
    return .double(number)
  }
}

// Shapes broadcast as in NumPy. Operators cannot carry the caller's line; their message names the shapes.
extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { Aten.add(.tensor(a), .tensor(b)) }
  public static func + (a: Tensor, b: Double) -> Tensor { Aten.addScalar(.tensor(a), .scalar(b)) }
  public static func + (a: Double, b: Tensor) -> Tensor { Aten.addScalar(.tensor(b), .scalar(a)) }

  public static func - (a: Tensor, b: Tensor) -> Tensor { Aten.sub(.tensor(a), .tensor(b)) }
  public static func - (a: Tensor, b: Double) -> Tensor { Aten.subScalar(.tensor(a), .scalar(b)) }
  public static func - (a: Double, b: Tensor) -> Tensor { Aten.rsubScalar(.tensor(b), .scalar(a)) }

  public static func * (a: Tensor, b: Tensor) -> Tensor { Aten.mul(.tensor(a), .tensor(b)) }
  public static func * (a: Tensor, b: Double) -> Tensor { Aten.mulScalar(.tensor(a), .scalar(b)) }
  public static func * (a: Double, b: Tensor) -> Tensor { Aten.mulScalar(.tensor(b), .scalar(a)) }

  /// True division: integers become float32.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Aten.div(.tensor(a), .tensor(b)) }
  public static func / (a: Tensor, b: Double) -> Tensor { Aten.divScalar(.tensor(a), .scalar(b)) }
  public static func / (a: Double, b: Tensor) -> Tensor {
    Aten.mulScalar(.tensor(Aten.reciprocal(.tensor(b))), .scalar(a))
  }

  public static prefix func - (a: Tensor) -> Tensor { Aten.neg(.tensor(a)) }

  /// The quotient, rounded down.
  public func floorDivided(by other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.divMode.tensor([.tensor(self), .tensor(other), .string("floor")], file, line)
  }
  public func floorDivided(by other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.divScalarMode.tensor([.tensor(self), .scalar(other), .string("floor")], file, line)
  }

  /// What a floored division leaves; has the divisor's sign.
  public func remainder(dividingBy other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.remainder.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func remainder(dividingBy other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.remainderScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }

  public func pow(_ exponent: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.pow.tensor([.tensor(self), .tensor(exponent)], file, line)
  }
  public func pow(_ exponent: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.powScalar.tensor([.tensor(self), .scalar(exponent)], file, line)
  }

  /// `base` to the power of each element.
  public static func powers(
    of base: Double, _ exponents: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.powBase.tensor([.scalar(base), .tensor(exponents)], file, line)
  }

  /// The larger of each pair of elements.
  public func maximum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.maximum.tensor([.tensor(self), .tensor(other)], file, line)
  }

  /// The smaller of each pair of elements.
  public func minimum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.minimum.tensor([.tensor(self), .tensor(other)], file, line)
  }

  /// `self + weight * (end - self)`.
  public func lerp(to end: Tensor, weight: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.lerp.tensor([.tensor(self), .tensor(end), .scalar(weight)], file, line)
  }
}
