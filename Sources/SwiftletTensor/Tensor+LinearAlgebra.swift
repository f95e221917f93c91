private enum Aten {
  static let matmul = Operator("aten::matmul")
  static let linear = Operator("aten::linear")
  static let einsum = Operator("aten::einsum")
  static let svd = Operator("aten::linalg_svd")
  static let cholesky = Operator("aten::linalg_cholesky")
}

extension Tensor {
  /// The matrix product; axes in front of the last two broadcast.
  public func matmul(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.matmul.tensor([.tensor(self), .tensor(other)], file, line)
  }

  /// `x * weight^T + bias`.
  ///
  /// Shapes: `x` is `[…, inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`, the result `[…, outputs]`.
  public func linear(weight: Tensor, bias: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.linear.tensor([.tensor(self), .tensor(weight), .optional(bias)], file, line)
  }

  /// A sum over products in Einstein's notation: `Tensor.einsum("bij,bjk->bik", a, b)`.
  public static func einsum(_ equation: String, _ tensors: Tensor..., file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.einsum.tensor([.string(equation), .tensors(tensors)], file, line)
  }

  /// `u * diag(s) * vT` of matrices `[…, m, n]`, with `min(m, n)` singular values in descending order.
  public func singularValues(file: StaticString = #fileID, line: UInt = #line) -> (u: Tensor, s: Tensor, vT: Tensor) {
    let results = Aten.svd.tensors(3, [.tensor(self), false], file, line)
    return (results[0], results[1], results[2])
  }

  /// The lower triangular `L` with `L * L^T` equal to this positive definite matrix.
  public func cholesky(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.cholesky.tensor([.tensor(self)], file, line)
  }
}
