import CSwiftletTorch

private enum Aten {
  static let zeros = Operator("aten::zeros")
  static let ones = Operator("aten::ones")
  static let full = Operator("aten::full")
  static let arange = Operator("aten::arange.start_step")
  static let linspace = Operator("aten::linspace")
  static let eye = Operator("aten::eye")
  static let empty = Operator("aten::empty.memory_format")
  static let zerosLike = Operator("aten::zeros_like")
  static let onesLike = Operator("aten::ones_like")
}

extension Tensor {
  /// A tensor of `scalars` in row-major order; without a shape, a vector.
  ///
  /// - Precondition: `shape` has as many elements as `scalars`.
  public convenience init<Scalar: TensorScalar>(
    _ scalars: [Scalar], shape: [Int]? = nil, device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      owning: scalars.withUnsafeBytes {
        Tensor.copying($0, shape: shape ?? [scalars.count], dataType: Scalar.dataType, device: device, file, line)
      })
  }

  /// A tensor without axes.
  public convenience init<Scalar: TensorScalar>(
    _ scalar: Scalar, device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init([scalar], shape: [], device: device, file: file, line: line)
  }

  /// A tensor that copies elements of `dataType` from raw memory in row-major order.
  ///
  /// - Precondition: `bytes` holds exactly the elements of `shape`.
  public convenience init(
    bytes: UnsafeRawBufferPointer, shape: [Int], dataType: DataType, device: Device = .cpu,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(owning: Tensor.copying(bytes, shape: shape, dataType: dataType, device: device, file, line))
  }

  private static func copying(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dataType: DataType, device: Device, _ file: StaticString,
    _ line: UInt
  ) -> swt_tensor {
    var handle: swt_tensor?
    let status = swt_tensor_from_bytes(
      bytes.baseAddress, Int64(bytes.count), shape.map(Int64.init), Int64(shape.count), dataType.rawValue, &handle)
    guard check(status, "Tensor(shape: \(shape))", file, line), let handle else {
      return swt_tensor_retain(Tensor.placeholder(for: []).handle)
    }
    if device == .cpu { return handle }
    let moved = Tensor(owning: handle).to(device: device, file: file, line: line)
    return swt_tensor_retain(moved.handle)
  }

  /// A CPU tensor that views memory of `owner` without a copy and keeps `owner` alive as long as any view exists.
  ///
  /// - Parameter strides: in elements; row-major when nil.
  /// - Precondition: `memory` holds every element that `shape` and `strides` reach, aligned for `dataType`.
  public static func viewing(
    _ memory: UnsafeMutableRawPointer, shape: [Int], strides: [Int]? = nil, dataType: DataType, owner: AnyObject,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let context = Unmanaged.passRetained(owner)
    var handle: swt_tensor?
    let sizes = shape.map(Int64.init)
    let release: @convention(c) (UnsafeMutableRawPointer) -> Void = { Unmanaged<AnyObject>.fromOpaque($0).release() }
    let status =
      if let strides = strides?.map(Int64.init) {
        swt_tensor_from_memory(
          memory, sizes, strides, Int64(sizes.count), dataType.rawValue, context.toOpaque(), release, &handle)
      } else {
        swt_tensor_from_memory(
          memory, sizes, nil, Int64(sizes.count), dataType.rawValue, context.toOpaque(), release, &handle)
      }
    guard check(status, "Tensor.viewing(shape: \(shape))", file, line), let handle else {
      context.release()
      return .placeholder(for: [])
    }
    return Tensor(owning: handle)
  }

  public static func zeros(
    _ shape: [Int], dataType: DataType = .float32, device: Device = .cpu, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.zeros.tensor([.ints(shape), .type(dataType), nil, .device(device)], file, line)
  }

  public static func ones(
    _ shape: [Int], dataType: DataType = .float32, device: Device = .cpu, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.ones.tensor([.ints(shape), .type(dataType), nil, .device(device)], file, line)
  }

  public static func full(
    _ shape: [Int], _ value: Double, dataType: DataType = .float32, device: Device = .cpu, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.full.tensor([.ints(shape), .scalar(value), .type(dataType), nil, .device(device)], file, line)
  }

  /// Uninitialised elements: to be written before they are read.
  public static func empty(
    _ shape: [Int], dataType: DataType = .float32, device: Device = .cpu, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.empty.tensor([.ints(shape), .type(dataType), nil, .device(device)], file, line)
  }

  /// `start, start + step, …` up to and without `end`.
  public static func range(
    from start: Double = 0, to end: Double, by step: Double = 1, dataType: DataType = .int64, device: Device = .cpu,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.arange.tensor(
      [.scalar(start), .scalar(end), .scalar(step), .type(dataType), nil, .device(device)], file, line)
  }

  /// `count` evenly spaced numbers from `start` to `end`, both included.
  public static func spaced(
    from start: Double, through end: Double, count: Int, dataType: DataType = .float32, device: Device = .cpu,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.linspace.tensor(
      [.double(start), .double(end), .int(count), .type(dataType), nil, .device(device)], file, line)
  }

  /// The identity matrix `[size, size]`.
  public static func eye(
    _ size: Int, dataType: DataType = .float32, device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.eye.tensor([.int(size), .type(dataType), nil, .device(device)], file, line)
  }

  /// Zeros in this tensor's shape, type and device.
  public func zerosLike(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.zerosLike.tensor([.tensor(self)], file, line)
  }

  /// Ones in this tensor's shape, type and device.
  public func onesLike(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.onesLike.tensor([.tensor(self)], file, line)
  }
}
