import CSwiftletKernels
import Synchronization

/// The weights of a layer, packed for the kernel that runs it on this processor.
package final class PackedLinear: @unchecked Sendable {
  // Safe to share: each part is written by one thread, and read once all of them are.
  package let kernel: UnsafePointer<swl_linear_kernel>
  /// Of one group.
  package let shape: swl_linear_shape
  private let constant: Graph.Constant
  private let isDecoded: Bool
  private let packed: AlignedBuffer
  /// From the weights of one group to those of the next.
  let groupByteCount: Int

  /// Memory for the weights, which ``pack(_:from:)`` fills. Those of f16 are decoded, and packed as f32; those of u4 too,
  /// unless they are multiplied in integers.
  ///
  /// - Parameters:
  ///   - groups: The rows are cut into as many matrices, which are packed one by one.
  ///   - inIntegers: Whether weights of u4 are packed as codes, for inputs that are quantised as the layer runs.
  ///   - tokens: About how many the layer takes at a time; it takes any number.
  /// - Precondition: the constant is a matrix of the file, and `groups` divides its rows.
  package init(
    _ constant: Graph.Constant, groups: Int, inIntegers: Bool, tokens: Int, instructionSet: InstructionSet
  ) throws(SessionError) {
    self.constant = constant
    let pattern = constant.encoding.pattern ?? .dense
    let type = constant.encoding.type
    let isCoded = type == .uint4 && inIntegers
    isDecoded = (type == .float16 || type == .uint4) && !isCoded
    shape = swl_linear_shape(
      type: isDecoded ? SWL_F32 : isCoded ? SWL_U4 : type.kernelType, inputs: constant.shape[1],
      outputs: constant.shape[0] / groups, kept: pattern.kept, group: pattern.group,
      scale_group: isCoded ? constant.encoding.scaleGroup ?? 0 : 0)
    let kernel = withUnsafePointer(to: shape) { swl_linear_kernel_for($0, tokens, instructionSet.code) }
    guard let kernel else { preconditionFailure("no kernel takes \(constant.name), \(constant.shape) \(pattern)") }
    self.kernel = kernel
    groupByteCount = withUnsafePointer(to: shape) { swl_linear_packed_size(kernel, $0).aligned }
    packed = try AlignedBuffer(byteCount: groups * groupByteCount)
  }

  /// About how many weights are packed at a time: what is read, unpacked and decoded for them is soon given back.
  private static let weightsOfPart = 1 << 17

  /// The rows of the matrix in parts that can be packed at the same time: some whole groups, or a piece of one.
  package var parts: [Range<Int>] {
    let rows = constant.shape[0]
    let fitting = max(1, Self.weightsOfPart / shape.inputs)
    func cut(_ range: Range<Int>, by step: Int) -> [Range<Int>] {
      stride(from: range.lowerBound, to: range.upperBound, by: step).map { $0..<min($0 + step, range.upperBound) }
    }
    if fitting >= shape.outputs { return cut(0..<rows, by: fitting / shape.outputs * shape.outputs) }
    let step = Int(SWL_PACKING_STEP)
    return cut(0..<rows, by: shape.outputs).flatMap { cut($0, by: max(step, fitting / step * step)) }
  }

  /// Packs one of ``parts``, and gives the pages back that it read.
  package func pack(_ rows: Range<Int>, from file: StoredWeights) {
    let pattern = constant.encoding.pattern ?? .dense
    if isDecoded {
      file.decodedRows(rows, of: constant).withUnsafeBytes {
        pack(rows, $0.baseAddress, rowSize: shape.inputs * MemoryLayout<Float>.stride, nil, from: file)
      }
    } else {
      let rowSize = pattern.keptCount(in: shape.inputs) * constant.encoding.type.bitCount / 8
      let values = file.tensor(constant.name).baseAddress.map { $0 + rows.lowerBound * rowSize }
      if pattern.isDense {
        pack(rows, values, rowSize: rowSize, nil, from: file)
      } else {
        file.indices(ofRows: rows, of: constant, pattern).withUnsafeBufferPointer {
          pack(rows, values, rowSize: rowSize, $0.baseAddress, from: file)
        }
      }
    }
    for tensor in constant.storedTensors {
      let (start, end) = (tensor.byteCount * rows.lowerBound, tensor.byteCount * rows.upperBound)
      file.releasePages(start / constant.shape[0]..<end / constant.shape[0], ofTensor: tensor.name)
    }
  }

  /// Packs layers, in parts that the threads of a pool take in turn.
  package static func pack(_ layers: [PackedLinear], from file: StoredWeights, on pool: ThreadPool) {
    /// The part that is next; parts differ, so that whoever is done takes it.
    final class Queue: Sendable { let next = Atomic(0) }
    let queue = Queue()
    let parts = layers.flatMap { layer in layer.parts.map { (layer: layer, rows: $0) } }
    pool.parallelFor(tiles: min(pool.threadCount, parts.count)) { _, _, _ in
      while true {
        let number = queue.next.add(1, ordering: .relaxed).oldValue
        guard number < parts.count else { return }
        parts[number].layer.pack(parts[number].rows, from: file)
      }
    }
  }

  /// Packs rows whose values and indices begin at the pointers.
  private func pack(
    _ rows: Range<Int>, _ values: UnsafeRawPointer?, rowSize: Int, _ indices: UnsafePointer<UInt8>?,
    from file: StoredWeights
  ) {
    func halves(_ part: String, at row: Int) -> UnsafePointer<UInt16>? {
      guard shape.scale_group > 0 else { return nil }
      let start = file.tensor("\(constant.name).\(part)").bindMemory(to: UInt16.self).baseAddress
      return start.map { $0 + row * (shape.inputs / shape.scale_group) }
    }
    let kept = shape.inputs / shape.group * shape.kept
    var row = rows.lowerBound
    while row < rows.upperBound {
      let (group, first) = row.quotientAndRemainder(dividingBy: shape.outputs)
      let (count, before) = (min(rows.upperBound - row, shape.outputs - first), row - rows.lowerBound)
      var weights = swl_linear_weights(
        shape: shape, values: values.map { $0 + before * rowSize }, indices: indices.map { $0 + before * kept },
        group_scales: halves("scales", at: row), group_offsets: halves("offsets", at: row))
      swl_linear_pack_outputs(kernel, &weights, first, count, packed.address + group * groupByteCount)
      row += count
    }
  }

  /// Bytes of the packed weights.
  package var byteCount: Int { packed.byteCount }

  package func address(ofGroup group: Int) -> UnsafeMutableRawPointer { packed.address + group * groupByteCount }

  package var kernelName: String { String(cString: kernel.pointee.name) }
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
