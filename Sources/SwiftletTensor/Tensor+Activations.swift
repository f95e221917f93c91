private enum Aten {
  static let softmax = Operator("aten::softmax.int")
  static let logSoftmax = Operator("aten::log_softmax.int")
  static let gelu = Operator("aten::gelu")
  static let relu = Operator("aten::relu")
  static let silu = Operator("aten::silu")
  static let sigmoid = Operator("aten::sigmoid")
  static let tanh = Operator("aten::tanh")
  static let leakyRelu = Operator("aten::leaky_relu")
  static let hardswish = Operator("aten::hardswish")
  static let hardSigmoid = Operator("aten::hardsigmoid")
  static let softplus = Operator("aten::softplus")
}

extension Tensor {
  /// `exp(x) / sum(exp(x))` along an axis.
  public func softmax(along axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.softmax.tensor([.tensor(self), .int(axis)], file, line)
  }

  /// The logarithm of the softmax, without overflow.
  public func logSoftmax(along axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.logSoftmax.tensor([.tensor(self), .int(axis)], file, line)
  }

  /// `x * Phi(x)`, exact with erf or approximated with tanh.
  ///
  /// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).
  public func gelu(approximatingWithTanh: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.gelu.tensor([.tensor(self), .string(approximatingWithTanh ? "tanh" : "none")], file, line)
  }

  public func relu(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.relu.tensor([.tensor(self)], file, line)
  }
  /// `x * sigmoid(x)`.
  public func silu(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.silu.tensor([.tensor(self)], file, line)
  }
  public func sigmoid(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.sigmoid.tensor([.tensor(self)], file, line)
  }
  public func tanh(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.tanh.tensor([.tensor(self)], file, line)
  }
  public func leakyRelu(slope: Double = 0.01, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.leakyRelu.tensor([.tensor(self), .scalar(slope)], file, line)
  }
  public func hardSwish(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.hardswish.tensor([.tensor(self)], file, line)
  }
  public func hardSigmoid(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.hardSigmoid.tensor([.tensor(self)], file, line)
  }
  /// `log(1 + exp(x))`.
  public func softplus(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.softplus.tensor([.tensor(self)], file, line)
  }
}
