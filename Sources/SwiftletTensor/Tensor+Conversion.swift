private enum Aten {
  static let toType = Operator("aten::to.dtype")
  static let toDevice = Operator("aten::to.device")
  static let detach = Operator("aten::detach")
  static let clone = Operator("aten::clone")
}

extension Tensor {
  /// The elements as `type`; this tensor when they already are.
  public func cast(to type: DataType, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    dataType == type ? self : Aten.toType.tensor([.tensor(self), .type(type)], file, line)
  }

  /// The tensor on `device`; this one when it is there.
  public func to(device: Device, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    self.device == device
      ? self : Aten.toDevice.tensor([.tensor(self), .device(device), .type(dataType)], file, line)
  }

  /// The same elements outside the graph of gradients.
  public func detached(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.detach.tensor([.tensor(self)], file, line)
  }

  /// A copy with memory of its own, inside the graph of gradients.
  public func clone(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.clone.tensor([.tensor(self)], file, line)
  }
}
