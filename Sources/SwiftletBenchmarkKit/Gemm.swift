import CSwiftletKernels
import SwiftletRuntime

/// A product of activations `[tokens, inputs]` with the weights of a linear layer, by the kernel that the runtime would
/// choose for them, without bias or activation around it.
///
/// Weights and activations are small integers in every precision, so that any order of summation gives the same bits and
/// a result can be compared with the scalar reference exactly.
public struct Gemm {
  public struct Size: Hashable, Sendable {
    public let tokens, inputs, outputs: Int

    public init(tokens: Int, inputs: Int, outputs: Int) {
      (self.tokens, self.inputs, self.outputs) = (tokens, inputs, outputs)
    }

    /// What a dense product takes, for `operations / time` on one scale for all patterns.
    public var operations: Double { 2 * Double(tokens) * Double(inputs) * Double(outputs) }
  }

  public let size: Size
  public let precision: Precision
  public let pattern: SparsityPattern
  private let weights: GemmWeights
  private let x: AlignedMemory
  private let variant: Variant

  /// One kernel with its packed weights, its output and scratch for each thread.
  private struct Variant {
    let kernel: UnsafePointer<swl_linear_kernel>
    let packed, y: AlignedMemory
    let scratch: [AlignedMemory]
    let op: swl_linear
  }

  /// - Throws: `GemmError` where no kernel takes the shape.
  public init(
    _ size: Size, precision: Precision, pattern: SparsityPattern, threads: Int, instructionSet: InstructionSet = .best
  ) throws(GemmError) {
    (self.size, self.precision, self.pattern) = (size, precision, pattern)
    weights = GemmWeights(size, precision: precision, pattern: pattern)
    x = Self.activations(size.tokens * size.inputs, precision)
    variant = try Self.variant(size.tokens, weights, x.address, precision, threads: threads, isa: instructionSet.code)
  }

  public var kernelName: String { String(cString: variant.kernel.pointee.name) }
  /// The least instruction set that the kernel needs.
  public var isa: String { String(cString: swl_isa_name(variant.kernel.pointee.needs)) }

  public func run(on pool: ThreadPool) {
    nonisolated(unsafe) let op = variant.op
    let scratch = variant.scratch
    var probe = op
    let shares = (0...pool.threadCount).map { swl_linear_share(&probe, $0, pool.threadCount) }
    pool.parallelFor(tiles: swl_linear_tiles(&probe), shares: shares) { first, count, worker in
      var op = op
      swl_linear_run(&op, first, count, scratch[worker].address)
    }
  }

  /// Compares the last run with the scalar reference on tokens from the beginning, the middle and the end.
  ///
  /// - Throws: `GemmError` at the first difference.
  public func check() throws(GemmError) {
    let count = min(8, size.tokens)
    for first in Set([0, (size.tokens - count) / 2, size.tokens - count]).sorted() {
      let elementSize = precision == .int8 ? 1 : 4
      let reference = try Self.variant(
        count, weights, x.address + first * size.inputs * elementSize, precision, threads: 1, isa: SWL_ISA_SCALAR)
      var op = reference.op
      swl_linear_run(&op, 0, swl_linear_tiles(&op), reference.scratch[0].address)
      let expected = UnsafeBufferPointer(
        start: reference.y.address.assumingMemoryBound(to: Float.self), count: count * size.outputs)
      let found = variant.y.address.assumingMemoryBound(to: Float.self) + first * size.outputs
      if let place = expected.indices.first(where: { expected[$0] != found[$0] }) {
        throw GemmError(
          "\(kernelName) gives \(found[place]) for token \(first + place / size.outputs), output "
            + "\(place % size.outputs) of \(size), the scalar reference \(expected[place])")
      }
    }
  }

  private static func variant(
    _ tokens: Int, _ weights: GemmWeights, _ x: UnsafeRawPointer, _ precision: Precision, threads: Int, isa: swl_isa
  ) throws(GemmError) -> Variant {
    var shape = weights.shape
    guard let kernel = swl_linear_kernel_for(&shape, tokens, isa) else {
      throw GemmError("no kernel takes \(shape.kept):\(shape.group) \(precision.rawValue) weights")
    }
    let packed = AlignedMemory(byteCount: swl_linear_packed_size(kernel, &shape))
    var plain = swl_linear_weights(
      shape: shape, values: weights.values.address,
      indices: weights.indices.map { UnsafePointer($0.address.assumingMemoryBound(to: UInt8.self)) },
      group_scales: nil, group_offsets: nil)
    swl_linear_pack(kernel, &plain, packed.address)
    let y = AlignedMemory([Float](repeating: .nan, count: tokens * shape.outputs))
    var epilogue = swl_linear_epilogue()
    epilogue.activation = SWL_IDENTITY
    if precision == .int8 { epilogue.scale = UnsafePointer(weights.scales.address.assumingMemoryBound(to: Float.self)) }
    var op = swl_linear(
      kernel: kernel, shape: shape, packed: packed.address, tokens: tokens, x: x, x_stride: shape.inputs,
      x_type: precision == .int8 ? SWL_U8 : SWL_F32, x_zero_point: precision == .int8 ? 7 : 0, x_group_scales: nil,
      y: y.address,
      y_stride: shape.outputs, output: swl_output(type: SWL_F32, scale: 1, zero_point: 0), epilogue: epilogue)
    let scratchSize = swl_linear_scratch_size(&op)
    return Variant(
      kernel: kernel, packed: packed, y: y, scratch: (0..<threads).map { _ in AlignedMemory(byteCount: scratchSize) },
      op: op)
  }

  private static func activations(_ count: Int, _ precision: Precision) -> AlignedMemory {
    var numbers = SmallIntegers(seed: 2)
    return precision == .int8
      ? AlignedMemory((0..<count).map { _ in UInt8(numbers.next(in: 0...255)) })
      : AlignedMemory((0..<count).map { _ in Float(numbers.next(in: -4...4)) })
  }
}

/// Weights in plain layout: the kept ones of each group, their places, and scales of 1.
struct GemmWeights {
  let shape: swl_linear_shape
  let values, scales: AlignedMemory
  let indices: AlignedMemory?

  init(_ size: Gemm.Size, precision: Precision, pattern: SparsityPattern) {
    shape = swl_linear_shape(
      type: precision.kernelType, inputs: size.inputs, outputs: size.outputs, kept: pattern.kept, group: pattern.group,
      scale_group: 0)
    var numbers = SmallIntegers(seed: 1)
    let groups = size.outputs * size.inputs / pattern.group
    let count = groups * pattern.kept
    switch precision {
    case .fp32: values = AlignedMemory((0..<count).map { _ in Float(numbers.next(in: -4...4)) })
    case .bf16:
      values = AlignedMemory((0..<count).map { _ in UInt16(Float(numbers.next(in: -4...4)).bitPattern >> 16) })
    case .int8: values = AlignedMemory((0..<count).map { _ in Int8(numbers.next(in: -127...127)) })
    }
    scales = AlignedMemory([Float](repeating: 1, count: size.outputs))
    indices =
      pattern.isDense
      ? nil : AlignedMemory((0..<groups).flatMap { _ in numbers.ascending(pattern.kept, below: pattern.group) })
  }
}

/// Why kernels cannot be timed.
public struct GemmError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// Reproducible small integers. Source: Marsaglia, "Xorshift RNGs" (2003).
private struct SmallIntegers {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next(in range: ClosedRange<Int>) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return range.lowerBound + Int((state >> 33) % UInt64(range.count))
  }

  /// Different numbers in order: each is kept with the chance that leaves enough for the rest.
  mutating func ascending(_ count: Int, below bound: Int) -> [UInt8] {
    var chosen: [UInt8] = []
    for number in 0..<bound where next(in: 0...bound - number - 1) < count - chosen.count {
      chosen.append(UInt8(number))
    }
    return chosen
  }
}
