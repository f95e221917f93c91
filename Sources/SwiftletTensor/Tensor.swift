import CSwiftletTorch

/// An array with a shape, an element type, a device and, if asked for, a gradient.
///
/// A tensor is a reference: `let b = a` shares elements, ``clone(file:line:)`` copies them. Operations whose shapes do
/// not fit stop the program with operation and shapes; ``withError(_:)`` turns that into errors. Reading one tensor from
/// many threads is safe, writing while another thread reads is not.
public final class Tensor: @unchecked Sendable {
  let handle: swt_tensor

  /// Takes over one reference.
  init(owning handle: swt_tensor) { self.handle = handle }

  deinit { swt_tensor_release(handle) }

  /// The extents, outermost first; empty for a scalar.
  public var shape: [Int] {
    let info = inspect()
    guard let sizes = info.sizes else { return [] }
    return (0..<Int(info.dimensions)).map { Int(sizes[$0]) }
  }

  /// The distance between neighbours along each axis, in elements.
  public var strides: [Int] {
    let info = inspect()
    guard let strides = info.strides else { return [] }
    return (0..<Int(info.dimensions)).map { Int(strides[$0]) }
  }

  /// The number of axes.
  public var rank: Int { Int(inspect().dimensions) }

  /// The number of elements.
  public var count: Int { Int(inspect().count) }

  /// Bytes of all elements.
  public var byteCount: Int { count * dataType.byteCount }

  public var dataType: DataType {
    let code = inspect().data_type
    guard let type = DataType(rawValue: code) else {
      fatalError("a tensor has libtorch's element type \(code), which Swiftlet does not use")
    }
    return type
  }

  public var device: Device {
    let info = inspect()
    return info.device_type == 0 ? .cpu : .cuda(Int(info.device_index))
  }

  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool { inspect().is_contiguous }

  /// Tells one tensor from another as long as both exist: equal for two references to the same one.
  public var identity: TensorIdentity { TensorIdentity(address: UInt(bitPattern: handle)) }

  func inspect() -> swt_tensor_info {
    var info = swt_tensor_info()
    guard swt_tensor_inspect(handle, &info) == 0 else { fatalError(TensorError.last("Tensor").description) }
    return info
  }
}

/// The identity of a tensor, for tables that follow tensors through a program.
public struct TensorIdentity: Hashable, Sendable {
  let address: UInt
}

extension Tensor {
  /// The extents of a matrix, for `let (rows, columns) = x.shape2`.
  ///
  /// - Precondition: the tensor has two axes.
  public var shape2: (Int, Int) {
    let s = shape(ofRank: 2)
    return (s[0], s[1])
  }
  public var shape3: (Int, Int, Int) {
    let s = shape(ofRank: 3)
    return (s[0], s[1], s[2])
  }
  public var shape4: (Int, Int, Int, Int) {
    let s = shape(ofRank: 4)
    return (s[0], s[1], s[2], s[3])
  }

  private func shape(ofRank rank: Int) -> [Int] {
    let shape = shape
    if shape.count == rank { return shape }
    if ErrorScope.hasFailed { return [Int](repeating: 1, count: rank) }
    fatalError("a tensor of \(rank) axes was expected here, this one has shape \(shape)")
  }
}

extension Tensor: CustomStringConvertible {
  /// Type, shape and the first elements: `float32[2, 3] on cpu: 0.0, 1.0, 2.0, …`.
  public var description: String {
    var text = "\(dataType)\(shape) on \(device)"
    let shown = Swift.min(count, 6)
    if shown > 0 {
      let first = detached().flattened().narrowed(along: 0, from: 0, count: shown).scalars(as: Double.self)
      text += ": " + first.map { "\($0)" }.joined(separator: ", ") + (count > shown ? ", …" : "")
    }
    return text
  }
}
