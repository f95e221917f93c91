import CSwiftletKernels
import SwiftletRuntime

/// A projection's weights, packed for the kernel that multiplies by them.
final class Matrix: @unchecked Sendable {
  // Safe to share: the file's pages and the packed weights are only read.
  let inputs, outputs: Int
  let input: Input
  private let packed: PackedLinear
  private let bias, scales: UnsafePointer<Float>?

  init(_ packed: PackedLinear, _ constant: Graph.Constant, bias: String?, in file: StoredWeights) {
    (inputs, outputs, self.packed) = (constant.shape[1], constant.shape[0], packed)
    input =
      switch constant.encoding {
      case .grouped(let size): .groupsInBytes(size)
      default: Self.isOfIntegers(constant) ? .tokensInBytes : .floats
      }
    self.bias = bias.map { file.floats($0) }
    scales = constant.encoding.type == .int8 ? file.floats("\(constant.name).scales") : nil
  }

  static func isOfIntegers(_ constant: Graph.Constant) -> Bool { [.int8, .uint4].contains(constant.encoding.type) }

  /// How tokens are multiplied: as they are, or in integers.
  enum Input: Hashable {
    case floats
    /// In 8 bits, with a scale a token.
    case tokensInBytes
    /// In 8 bits, with a scale for as many neighbours as share one of the weights: a token of a language model has few
    /// elements that are far greater than all others, and one scale for all of them leaves little of the rest.
    case groupsInBytes(Int)

    var group: Int? { if case .groupsInBytes(let size) = self { size } else { nil } }
  }

  /// Rows of tokens, as floats and, where a matrix takes them, in 8 bits.
  struct Tokens {
    var count, stride: Int
    var floats: UnsafePointer<Float>
    /// `[count][inputs]` with `[count]` scales, and with `[count][groups]`.
    var inBytes, inGroups: (bytes: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>)?

    init(count: Int, stride: Int, floats: UnsafePointer<Float>) {
      (self.count, self.stride, self.floats) = (count, stride, floats)
    }
  }

  /// The job that writes `x Wᵀ + bias + residual` to `y`.
  ///
  /// - Parameter residual: rows as those of `y`, or `y` itself.
  func job(
    _ x: Tokens, to y: UnsafeMutablePointer<Float>, stride: Int, residual: UnsafePointer<Float>? = nil,
    _ scratch: Scratch
  ) throws(SessionError) -> ThreadPool.Job {
    var op = swl_linear()
    (op.kernel, op.shape, op.packed) = (packed.kernel, packed.shape, UnsafeRawPointer(packed.address(ofGroup: 0)))
    op.tokens = x.count
    switch input {
    case .floats: (op.x, op.x_stride, op.x_type) = (UnsafeRawPointer(x.floats), x.stride, SWL_F32)
    case .tokensInBytes:
      take(x.inBytes, &op)
      (op.epilogue.x_scales, op.epilogue.scale) = (x.inBytes.map { UnsafePointer($0.scales) }, scales)
    case .groupsInBytes:
      take(x.inGroups, &op)
      op.x_group_scales = x.inGroups.map { UnsafePointer($0.scales) }
    }
    (op.y, op.y_stride) = (UnsafeMutableRawPointer(y), stride)
    op.output = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    (op.epilogue.bias, op.epilogue.residual) = (bias, residual)
    return try withUnsafePointer(to: op) { (pointer) throws(SessionError) in
      try scratch.reserve(swl_linear_scratch_size(pointer))
      let shares = (0...scratch.workers).map { swl_linear_share(pointer, $0, scratch.workers) }
      return ThreadPool.Job(tiles: swl_linear_tiles(pointer), shares: shares) { [self] first, count, worker in
        withExtendedLifetime(self) {
          withUnsafePointer(to: op) { swl_linear_run($0, first, count, scratch.address(ofWorker: worker)) }
        }
      }
    }
  }
}

extension Matrix {
  private func take(
    _ rows: (bytes: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>)?, _ op: inout swl_linear
  ) {
    guard let rows else { preconditionFailure("tokens were not rounded for a matrix in integers") }
    (op.x, op.x_stride, op.x_type, op.x_zero_point) = (UnsafeRawPointer(rows.bytes), inputs, SWL_U8, 128)
  }
}

extension StoredWeights {
  /// A vector of floats.
  ///
  /// - Precondition: it is dense f32.
  func floats(_ name: String) -> UnsafePointer<Float> {
    guard let start = tensor(name).bindMemory(to: Float.self).baseAddress else {
      preconditionFailure("\(name) has no elements")
    }
    return start
  }
}
