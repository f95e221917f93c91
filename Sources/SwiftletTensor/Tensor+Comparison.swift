private enum Aten {
  static let eq = Operator("aten::eq.Tensor")
  static let eqScalar = Operator("aten::eq.Scalar")
  static let ne = Operator("aten::ne.Tensor")
  static let neScalar = Operator("aten::ne.Scalar")
  static let lt = Operator("aten::lt.Tensor")
  static let ltScalar = Operator("aten::lt.Scalar")
  static let le = Operator("aten::le.Tensor")
  static let leScalar = Operator("aten::le.Scalar")
  static let gt = Operator("aten::gt.Tensor")
  static let gtScalar = Operator("aten::gt.Scalar")
  static let ge = Operator("aten::ge.Tensor")
  static let geScalar = Operator("aten::ge.Scalar")
  static let logicalAnd = Operator("aten::logical_and")
  static let logicalOr = Operator("aten::logical_or")
  static let logicalNot = Operator("aten::logical_not")
  static let isnan = Operator("aten::isnan")
  static let isfinite = Operator("aten::isfinite")
  static let all = Operator("aten::all")
  static let any = Operator("aten::any")
  static let equal = Operator("aten::equal")
  static let allclose = Operator("aten::allclose")
}

// Elementwise comparisons answer tensors of bool.
extension Tensor {
  public func equal(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.eq.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func equal(to other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.eqScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }
  public func notEqual(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.ne.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func notEqual(to other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.neScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }
  public func less(than other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.lt.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func less(than other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.ltScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }
  public func lessOrEqual(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.le.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func lessOrEqual(to other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.leScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }
  public func greater(than other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.gt.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func greater(than other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.gtScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }
  public func greaterOrEqual(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.ge.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func greaterOrEqual(to other: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.geScalar.tensor([.tensor(self), .scalar(other)], file, line)
  }

  public func logicalAnd(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.logicalAnd.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func logicalOr(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.logicalOr.tensor([.tensor(self), .tensor(other)], file, line)
  }
  public func logicalNot(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.logicalNot.tensor([.tensor(self)], file, line)
  }
  public func isNaN(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.isnan.tensor([.tensor(self)], file, line)
  }
  public func isFinite(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.isfinite.tensor([.tensor(self)], file, line)
  }

  /// Whether every element is true (not 0).
  public func all(file: StaticString = #fileID, line: UInt = #line) -> Bool {
    Aten.all.tensor([.tensor(self)], file, line).item(file: file, line: line) == 1
  }

  /// Whether some element is true (not 0).
  public func any(file: StaticString = #fileID, line: UInt = #line) -> Bool {
    Aten.any.tensor([.tensor(self)], file, line).item(file: file, line: line) == 1
  }

  /// Whether shapes and all elements are equal.
  public func isEqual(to other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Bool {
    Aten.equal.call([.tensor(self), .tensor(other)], file: file, line: line).first?.asBool ?? false
  }

  /// Whether each pair of elements differs by at most `absolute + relative * |other|`. NaN is close to nothing.
  public func isClose(
    to other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, file: StaticString = #fileID, line: UInt = #line
  ) -> Bool {
    Aten.allclose.call([.tensor(self), .tensor(other), .double(relative), .double(absolute)], file: file, line: line)
      .first?.asBool ?? false
  }
}
