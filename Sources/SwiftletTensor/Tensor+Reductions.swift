private enum Aten {
  static let sum = Operator("aten::sum")
  static let sumAlong = Operator("aten::sum.dim_IntList")
  static let mean = Operator("aten::mean")
  static let meanAlong = Operator("aten::mean.dim")
  static let variance = Operator("aten::var.correction")
  static let norm = Operator("aten::linalg_vector_norm")
  static let max = Operator("aten::max")
  static let maxAlong = Operator("aten::max.dim")
  static let min = Operator("aten::min")
  static let minAlong = Operator("aten::min.dim")
  static let amax = Operator("aten::amax")
  static let amin = Operator("aten::amin")
  static let argmax = Operator("aten::argmax")
  static let argmin = Operator("aten::argmin")
  static let cumsum = Operator("aten::cumsum")
  static let logsumexp = Operator("aten::logsumexp")
}

extension Tensor {
  /// The sum of all elements.
  public func sum(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.sum.tensor([.tensor(self)], file, line)
  }
  public func sum(along axes: [Int], keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.sumAlong.tensor([.tensor(self), .ints(axes), .bool(keepingAxes)], file, line)
  }

  /// The mean of all elements.
  public func mean(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.mean.tensor([.tensor(self)], file, line)
  }
  public func mean(along axes: [Int], keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.meanAlong.tensor([.tensor(self), .ints(axes), .bool(keepingAxes)], file, line)
  }

  /// The variance along axes, of all elements when nil; `correction` 1 divides by `n - 1`, 0 by `n`.
  public func variance(
    along axes: [Int]? = nil, correction: Double = 1, keepingAxes: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.variance.tensor(
      [.tensor(self), axes.map(Value.ints) ?? .none, .scalar(correction), .bool(keepingAxes)], file, line)
  }

  /// `(sum |x|^order)^(1 / order)` along axes, over all elements when nil.
  public func norm(
    order: Double = 2, along axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.norm.tensor([.tensor(self), .double(order), axes.map(Value.ints) ?? .none, .bool(keepingAxes)], file, line)
  }

  /// The largest element.
  public func max(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.max.tensor([.tensor(self)], file, line)
  }
  /// The largest elements along an axis and where they are.
  public func max(along axis: Int, keepingAxis: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> (
    values: Tensor, indices: Tensor
  ) {
    let results = Aten.maxAlong.tensors(2, [.tensor(self), .int(axis), .bool(keepingAxis)], file, line)
    return (results[0], results[1])
  }
  /// The largest elements along several axes.
  public func max(along axes: [Int], keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.amax.tensor([.tensor(self), .ints(axes), .bool(keepingAxes)], file, line)
  }

  /// The smallest element.
  public func min(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.min.tensor([.tensor(self)], file, line)
  }
  /// The smallest elements along an axis and where they are.
  public func min(along axis: Int, keepingAxis: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> (
    values: Tensor, indices: Tensor
  ) {
    let results = Aten.minAlong.tensors(2, [.tensor(self), .int(axis), .bool(keepingAxis)], file, line)
    return (results[0], results[1])
  }
  /// The smallest elements along several axes.
  public func min(along axes: [Int], keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.amin.tensor([.tensor(self), .ints(axes), .bool(keepingAxes)], file, line)
  }

  /// Where the largest element along an axis is; in the flattened tensor when nil. As int64.
  public func argmax(
    along axis: Int? = nil, keepingAxis: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.argmax.tensor([.tensor(self), .optional(axis), .bool(keepingAxis)], file, line)
  }

  /// Where the smallest element along an axis is; in the flattened tensor when nil. As int64.
  public func argmin(
    along axis: Int? = nil, keepingAxis: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.argmin.tensor([.tensor(self), .optional(axis), .bool(keepingAxis)], file, line)
  }

  /// The sum of the elements so far along an axis.
  public func cumulativeSum(along axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.cumsum.tensor([.tensor(self), .int(axis)], file, line)
  }

  /// `log(sum(exp(x)))` along axes, without overflow.
  public func logSumExp(along axes: [Int], keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.logsumexp.tensor([.tensor(self), .ints(axes), .bool(keepingAxes)], file, line)
  }
}
