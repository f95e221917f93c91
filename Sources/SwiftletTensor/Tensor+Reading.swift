import CSwiftletTorch

private enum Aten {
  static let contiguous = Operator("aten::contiguous")
}

extension Tensor {
  /// The elements in row-major order, converted to `Scalar` if they are of another type. Waits for the device.
  public func scalars<Scalar: TensorScalar>(
    as type: Scalar.Type = Scalar.self, file: StaticString = #fileID, line: UInt = #line
  ) -> [Scalar] {
    let tensor = detached(file: file, line: line).to(device: .cpu, file: file, line: line)
      .cast(to: Scalar.dataType, file: file, line: line).contiguous(file: file, line: line)
    return tensor.withBytes(file: file, line: line) { bytes in
      Array(unsafeUninitializedCapacity: bytes.count / MemoryLayout<Scalar>.stride) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        count = bytes.count / MemoryLayout<Scalar>.stride
      }
    }
  }

  /// The only element.
  ///
  /// - Precondition: there is exactly one.
  public func item(file: StaticString = #fileID, line: UInt = #line) -> Double {
    if ErrorScope.hasFailed { return .nan }
    var value = Double.nan
    check(swt_tensor_item(handle, &value), "Tensor.item of shape \(shape)", file, line)
    return value
  }

  /// Calls `body` with the elements' memory in row-major order.
  ///
  /// - Precondition: the tensor is on the CPU; if it has gaps, `body` sees a copy.
  public func withBytes<Result>(
    file: StaticString = #fileID, line: UInt = #line, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    precondition(
      device == .cpu, "withBytes: the tensor is on \(device); move it with to(device: .cpu)", file: file, line: line)
    let tensor = isContiguous ? self : contiguous(file: file, line: line)
    return try withExtendedLifetime(tensor) {
      try body(UnsafeRawBufferPointer(start: tensor.address, count: tensor.byteCount))
    }
  }

  /// Calls `body` with the elements' memory for reading and writing.
  ///
  /// - Precondition: the tensor is on the CPU and contiguous.
  public func withMutableBytes<Result>(
    file: StaticString = #fileID, line: UInt = #line, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    precondition(
      device == .cpu && isContiguous, "withMutableBytes: the tensor must be contiguous and on the CPU", file: file,
      line: line)
    return try withExtendedLifetime(self) {
      try body(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
    }
  }

  private var address: UnsafeMutableRawPointer? {
    var pointer: UnsafeMutableRawPointer?
    guard swt_tensor_data(handle, &pointer) == 0 else { fatalError(TensorError.last("Tensor.data").description) }
    return pointer
  }

  /// This tensor when it is contiguous, else a copy that is.
  public func contiguous(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.contiguous.tensor([.tensor(self)], file, line)
  }
}
