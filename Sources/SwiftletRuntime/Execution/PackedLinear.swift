import CSwiftletKernels

/// The weights of a layer, packed for the kernel that runs it on this processor.
final class PackedLinear: @unchecked Sendable {
  // Safe to share: only read once it is made.
  let kernel: UnsafePointer<swl_linear_kernel>
  /// Of one group.
  let shape: swl_linear_shape
  private let packed: AlignedBuffer
  private let groupByteCount: Int

  /// - Parameter groups: the rows are cut into as many matrices, which are packed one by one.
  /// - Precondition: the constant is a matrix of f32, bf16 or s8 in the file's graph, and `groups` divides its rows.
  init(
    _ constant: Graph.Constant, groups: Int, in file: ModelFile, instructionSet: InstructionSet
  ) throws(SessionError) {
    let pattern = constant.encoding.pattern ?? .dense
    var shape = swl_linear_shape(
      type: constant.encoding.type.kernelType, inputs: constant.shape[1], outputs: constant.shape[0] / groups,
      kept: pattern.kept, group: pattern.group)
    guard let kernel = swl_linear_kernel_for(&shape, instructionSet.code) else {
      preconditionFailure("no kernel takes \(constant.name), \(constant.shape) \(pattern)")
    }
    let groupByteCount = swl_linear_packed_size(kernel, &shape).aligned
    let packed = try AlignedBuffer(byteCount: groups * groupByteCount)
    let indices = pattern.isDense ? nil : file.indices(of: constant, pattern)
    let stored = pattern.keptCount(in: constant.shape[1]) * constant.shape[0] / groups
    func pack(_ indices: UnsafePointer<UInt8>?) {
      for group in 0..<groups {
        var weights = swl_linear_weights(
          shape: shape,
          values: file.tensor(constant.name).baseAddress.map { $0 + group * stored * constant.encoding.type.byteCount },
          indices: indices.map { $0 + group * stored })
        swl_linear_pack(kernel, &weights, packed.address + group * groupByteCount)
      }
    }
    if let indices { indices.withUnsafeBufferPointer { pack($0.baseAddress) } } else { pack(nil) }
    self.kernel = kernel
    self.shape = shape
    self.packed = packed
    self.groupByteCount = groupByteCount
  }

  func address(ofGroup group: Int) -> UnsafeMutableRawPointer { packed.address + group * groupByteCount }

  var kernelName: String { String(cString: kernel.pointee.name) }
}

extension Graph.ElementType {
  /// - Precondition: not `i64`, which no kernel computes with.
  var kernelType: swl_type {
    switch self {
    case .float32: SWL_F32
    case .bfloat16: SWL_BF16
    case .uint8: SWL_U8
    case .int8: SWL_S8
    case .int64: preconditionFailure("no kernel computes with i64")
    }
  }
}

extension Graph.Value {
  /// How a kernel writes this value, or reads it.
  var kernelFormat: swl_output {
    swl_output(
      type: type.kernelType, scale: quantization?.scale ?? 1, zero_point: Int32(quantization?.zeroPoint ?? 0))
  }
}
