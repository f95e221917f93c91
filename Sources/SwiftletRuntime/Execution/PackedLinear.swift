import CSwiftletKernels

/// The weights of a linear layer, packed for the kernel that runs it on this processor.
final class PackedLinear {
  let kernel: UnsafePointer<swl_linear_kernel>
  let shape: swl_linear_shape
  let packed: AlignedBuffer

  /// - Precondition: the constant is a matrix of f32, bf16 or s8 in the file's graph.
  init(_ constant: Graph.Constant, in file: ModelFile, instructionSet: InstructionSet) throws(SessionError) {
    let pattern = constant.encoding.pattern ?? .dense
    var shape = swl_linear_shape(
      type: constant.encoding.type.kernelType, inputs: constant.shape[1], outputs: constant.shape[0],
      kept: pattern.kept, group: pattern.group)
    guard let kernel = swl_linear_kernel_for(&shape, instructionSet.code) else {
      preconditionFailure("no kernel takes \(constant.name), \(constant.shape) \(pattern)")
    }
    let packed = try AlignedBuffer(byteCount: swl_linear_packed_size(kernel, &shape))
    let indices = pattern.isDense ? nil : file.indices(of: constant, pattern)
    func pack(_ indices: UnsafePointer<UInt8>?) {
      var weights = swl_linear_weights(
        shape: shape, values: file.tensor(constant.name).baseAddress, indices: indices)
      swl_linear_pack(kernel, &weights, packed.address)
    }
    if let indices { indices.withUnsafeBufferPointer { pack($0.baseAddress) } } else { pack(nil) }
    self.kernel = kernel
    self.packed = packed
    self.shape = shape
  }

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
