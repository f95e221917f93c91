import CSwiftletKernels
import SwiftletRuntime

/// A layer ready to run: packed matrices, and pointers to what kernels read as it lies in the file.
struct EngineLayer {
  let attentionNorm, feedForwardNorm: UnsafePointer<Float>
  let attentionInputs, feedForwardInputs: [Matrix]
  let attentionOutput, feedForwardOutput: Matrix
  let keys, values: Side
  /// What whole keys, and queries, are multiplied by before keys are rounded.
  let turn: Matrix?
  let window: Int?

  /// One side of the memory.
  struct Side {
    let kernel: swl_memory_side
    /// Elements that a token brings; none where another layer keeps them.
    let elements: Int
    /// Whether they are heads, and not latents.
    let isWhole: Bool
    /// Owns what the kernel's `up` points to, where that is not the file.
    let up: AlignedBuffer?
  }
}

extension EngineLayer.Side {
  init(
    _ memory: LanguageProgram.Memory, isKeys: Bool, offset: Int, headWidth: Int, keyHeads: Int, in file: StoredWeights
  ) throws(SessionError) {
    var side = swl_memory_side()
    (side.format, side.offset) = (memory.kernelFormat, offset)
    side.bias = memory.bias.map { file.floats($0) }
    var own: AlignedBuffer?
    if let up = memory.up.map({ file.floats($0) }) {
      if isKeys {
        side.up = up
      } else {
        let buffer = try Self.transposed(up, heads: keyHeads, rows: headWidth, columns: memory.width)
        own = buffer
        side.up = UnsafePointer(buffer.address.assumingMemoryBound(to: Float.self))
      }
    }
    self.init(kernel: side, elements: memory.elements, isWhole: memory.up == nil, up: own)
  }

  /// `[heads][rows][columns]` as `[heads][columns][rows]`, rows filled up to whole parts.
  private static func transposed(
    _ up: UnsafePointer<Float>, heads: Int, rows: Int, columns: Int
  ) throws(SessionError) -> AlignedBuffer {
    let part = Int(SWL_CACHE_PART)
    let padded = (rows + part - 1) / part * part
    let buffer = try AlignedBuffer(byteCount: heads * columns * padded * MemoryLayout<Float>.stride)
    let floats = buffer.address.assumingMemoryBound(to: Float.self)
    for head in 0..<heads {
      for column in 0..<columns {
        for row in 0..<padded {
          floats[(head * columns + column) * padded + row] = row < rows ? up[(head * rows + row) * columns + column] : 0
        }
      }
    }
    return buffer
  }
}
