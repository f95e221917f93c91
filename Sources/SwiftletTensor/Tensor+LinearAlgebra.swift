private enum Aten {
  static let matmul = Operator("aten::matmul")
  static let linear = Operator("aten::linear")
  static let einsum = Operator("aten::einsum")
  static let svd = Operator("aten::linalg_svd")
  static let cholesky = Operator("aten::linalg_cholesky")
  static let eigh = Operator("aten::linalg_eigh")
  static let qr = Operator("aten::linalg_qr")
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

  /// The eigenvalues of this symmetric matrix in ascending order, and its orthonormal eigenvectors as columns. Only the lower
  /// triangle is read.
  public func symmetricEigenvectors(
    file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, vectors: Tensor) {
    let results = Aten.eigh.tensors(2, [.tensor(self)], file, line)
    return (results[0], results[1])
  }

  /// A square orthogonal matrix whose leading columns span those of this one, `[m, n]` with `m >= n`.
  public func orthogonalBasis(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.qr.tensors(2, [.tensor(self), .string("complete")], file, line)[0]
  }
}
