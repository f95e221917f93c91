private enum Aten {
  static let select = Operator("aten::select.int")
  static let narrow = Operator("aten::narrow")
  static let slice = Operator("aten::slice.Tensor")
  static let gather = Operator("aten::gather")
  static let scatter = Operator("aten::scatter.src")
  static let scatterValue = Operator("aten::scatter.value")
  static let indexSelect = Operator("aten::index_select")
  static let topk = Operator("aten::topk")
  static let sort = Operator("aten::sort")
  static let argsort = Operator("aten::argsort")
  static let whereSelf = Operator("aten::where.self")
  static let maskedFill = Operator("aten::masked_fill.Scalar")
  static let maskedSelect = Operator("aten::masked_select")
  static let nonzero = Operator("aten::nonzero")
  static let oneHot = Operator("aten::one_hot")
  static let tril = Operator("aten::tril")
}

extension Tensor {
  /// The tensor at `index` of an axis, without that axis; -1 is the last. Shares elements.
  public func select(along axis: Int, at index: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.select.tensor([.tensor(self), .int(axis), .int(index)], file, line)
  }

  /// `count` positions of an axis from `start` on. Shares elements.
  public func narrowed(along axis: Int, from start: Int, count: Int, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.narrow.tensor([.tensor(self), .int(axis), .int(start), .int(count)], file, line)
  }

  /// Every `step`-th position of an axis from `start` up to and without `end`. Shares elements.
  public func slice(
    along axis: Int, from start: Int? = nil, to end: Int? = nil, by step: Int = 1, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.slice.tensor([.tensor(self), .int(axis), .optional(start), .optional(end), .int(step)], file, line)
  }

  /// `result[i][j] = self[i][indices[i][j]]` along axis 1, and so on. Indices are int64.
  public func gather(along axis: Int, _ indices: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.gather.tensor([.tensor(self), .int(axis), .tensor(indices)], file, line)
  }

  /// A copy with `source` written to where `indices` point along an axis: the inverse of `gather`.
  public func scatter(
    along axis: Int, _ indices: Tensor, _ source: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.scatter.tensor([.tensor(self), .int(axis), .tensor(indices), .tensor(source)], file, line)
  }
  public func scatter(
    along axis: Int, _ indices: Tensor, _ value: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.scatterValue.tensor([.tensor(self), .int(axis), .tensor(indices), .scalar(value)], file, line)
  }

  /// The positions of an axis that a vector of indices names.
  public func indexSelect(along axis: Int, _ indices: Tensor, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.indexSelect.tensor([.tensor(self), .int(axis), .tensor(indices)], file, line)
  }

  /// The `count` largest (or smallest) elements along an axis, in order, and where they were.
  public func topK(
    _ count: Int, along axis: Int = -1, largest: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, indices: Tensor) {
    let results = Aten.topk.tensors(2, [.tensor(self), .int(count), .int(axis), .bool(largest), true], file, line)
    return (results[0], results[1])
  }

  /// The elements in order along an axis, and where they were.
  public func sort(along axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> (values: Tensor, indices: Tensor)
  {
    let results = Aten.sort.tensors(2, [.tensor(self), .int(axis), .bool(descending)], file, line)
    return (results[0], results[1])
  }

  /// Where the elements in order were.
  public func argsort(along axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.argsort.tensor([.tensor(self), .int(axis), .bool(descending)], file, line)
  }

  /// Elements of `first` where `condition` holds, of `second` elsewhere.
  public static func `where`(
    _ condition: Tensor, _ first: Tensor, _ second: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.whereSelf.tensor([.tensor(condition), .tensor(first), .tensor(second)], file, line)
  }

  /// The elements, with `value` where `mask` is true.
  public func maskedFill(_ mask: Tensor, _ value: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.maskedFill.tensor([.tensor(self), .tensor(mask), .scalar(value)], file, line)
  }

  /// The elements where `mask` is true, as a vector.
  public func maskedSelect(_ mask: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.maskedSelect.tensor([.tensor(self), .tensor(mask)], file, line)
  }

  /// The positions of elements that are not 0, `[found, rank]`, as int64.
  public func nonZeroPositions(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.nonzero.tensor([.tensor(self)], file, line)
  }

  /// Class numbers as rows with a single 1, `[…, classes]`, as int64.
  public func oneHot(classes: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.oneHot.tensor([.tensor(self), .int(classes)], file, line)
  }

  /// The lower triangle of matrices, 0 above diagonal number `diagonal`.
  public func lowerTriangle(diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.tril.tensor([.tensor(self), .int(diagonal)], file, line)
  }
}
