import CSwiftletKernels

/// The weights of a layer, packed for the kernel that runs it on this processor.
final class PackedLinear: @unchecked Sendable {
  // Safe to share: only read once it is made.
  let kernel: UnsafePointer<swl_linear_kernel>
  /// Of one group.
  let shape: swl_linear_shape
  private let packed: AlignedBuffer
  /// From the weights of one group to those of the next.
  let groupByteCount: Int

  /// Weights of f16 are decoded, and packed as f32; those of u4 too, unless they are multiplied in integers.
  ///
  /// - Parameters:
  ///   - groups: The rows are cut into as many matrices, which are packed one by one.
  ///   - inIntegers: Whether weights of u4 are packed as codes, for inputs that are quantised as the layer runs.
  ///   - tokens: About how many the layer takes at a time; it takes any number.
  /// - Precondition: the constant is a matrix in the file's graph, and `groups` divides its rows.
  init(
    _ constant: Graph.Constant, groups: Int, inIntegers: Bool, tokens: Int, in file: ModelFile,
    instructionSet: InstructionSet
  ) throws(SessionError) {
    let pattern = constant.encoding.pattern ?? .dense
    let type = constant.encoding.type
    let isCoded = type == .uint4 && inIntegers
    let isDecoded = (type == .float16 || type == .uint4) && !isCoded
    var shape = swl_linear_shape(
      type: isDecoded ? SWL_F32 : isCoded ? SWL_U4 : type.kernelType, inputs: constant.shape[1],
      outputs: constant.shape[0] / groups, kept: pattern.kept, group: pattern.group,
      scale_group: isCoded ? constant.encoding.scaleGroup ?? 0 : 0)
    guard let kernel = swl_linear_kernel_for(&shape, tokens, instructionSet.code) else {
      preconditionFailure("no kernel takes \(constant.name), \(constant.shape) \(pattern)")
    }
    let groupByteCount = swl_linear_packed_size(kernel, &shape).aligned
    let packed = try AlignedBuffer(byteCount: groups * groupByteCount)
    let indices = pattern.isDense ? nil : file.indices(of: constant, pattern)
    let stored = pattern.keptCount(in: constant.shape[1]) * constant.shape[0] / groups
    func halves(_ name: String, ofGroup group: Int) -> UnsafePointer<UInt16>? {
      guard isCoded else { return nil }
      let count = shape.outputs * shape.inputs / shape.scale_group
      return file.tensor(name).bindMemory(to: UInt16.self).baseAddress.map { $0 + group * count }
    }
    func pack(_ group: Int, _ values: UnsafeRawPointer?, _ indices: UnsafePointer<UInt8>?) {
      var weights = swl_linear_weights(
        shape: shape, values: values, indices: indices,
        group_scales: halves("\(constant.name).scales", ofGroup: group),
        group_offsets: halves("\(constant.name).offsets", ofGroup: group))
      swl_linear_pack(kernel, &weights, packed.address + group * groupByteCount)
    }
    for group in 0..<groups {
      if isDecoded {
        file.decodedRows(group * shape.outputs..<(group + 1) * shape.outputs, of: constant)
          .withUnsafeBytes { pack(group, $0.baseAddress, nil) }
        continue
      }
      let values = file.tensor(constant.name).baseAddress.map {
        UnsafeRawPointer($0 + group * stored * type.bitCount / 8)
      }
      if let indices {
        indices.withUnsafeBufferPointer { all in pack(group, values, all.baseAddress.map { $0 + group * stored }) }
      } else {
        pack(group, values, nil)
      }
    }
    self.kernel = kernel
    self.shape = shape
    self.packed = packed
    self.groupByteCount = groupByteCount
  }

  func address(ofGroup group: Int) -> UnsafeMutableRawPointer { packed.address + group * groupByteCount }

  var kernelName: String { String(cString: kernel.pointee.name) }
}

extension Graph.ElementType {
  /// - Precondition: not `i64`, `f16` or `u4`, which no kernel computes with.
  var kernelType: swl_type {
    switch self {
    case .float32: SWL_F32
    case .bfloat16: SWL_BF16
    case .uint8: SWL_U8
    case .int8: SWL_S8
    case .int64, .float16, .uint4: preconditionFailure("no kernel computes with \(rawValue)")
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
