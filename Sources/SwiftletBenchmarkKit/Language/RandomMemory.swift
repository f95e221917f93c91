import CSwiftletKernels
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime

/// The heads of a layer's attention.
public struct AttentionShape: Hashable, Sendable {
  public var heads, keyHeads, headWidth: Int

  public init(heads: Int, keyHeads: Int, headWidth: Int) {
    (self.heads, self.keyHeads, self.headWidth) = (heads, keyHeads, headWidth)
  }

  public static let llama2 = AttentionShape(heads: 32, keyHeads: 32, headWidth: 128)
  public static let llama3 = AttentionShape(heads: 32, keyHeads: 8, headWidth: 128)
  public static let smolLM2 = AttentionShape(heads: 9, keyHeads: 3, headWidth: 64)

  /// Bytes of a token's keys and values in 16 bits.
  public var plainBytesPerToken: Int { 4 * keyHeads * headWidth }
}

/// One layer's memory of random tokens, and one query of each head: attention alone, without any weights.
public final class RandomMemory {
  public let shape: AttentionShape
  public let keys, values: LanguageProgram.Memory
  public let tokens: Int
  public let threads: Int
  private let pool: ThreadPool
  private let pages: [AlignedMemory]
  private let pointers: [UnsafePointer<CChar>?]
  private let valuesOffset: Int
  private let q, y, keyUp, valueUp, cosines, sines, shared, finished, scratch: AlignedMemory
  private let scratchSize: Int
  private var op = swl_memory_attention()

  /// - Precondition: the memories fit the shape, as a program's would.
  public init(
    _ shape: AttentionShape, keys: LanguageProgram.Memory, values: LanguageProgram.Memory, turned: Bool, tokens: Int,
    threads: Int, instructionSet: InstructionSet = .best
  ) throws(SessionError) {
    (self.shape, self.keys, self.values, self.tokens, self.threads) = (shape, keys, values, tokens, threads)
    pool = try ThreadPool(threads: threads)
    let valuesOffset = keys.byteCountOfPage(values: false)
    self.valuesOffset = valuesOffset
    let pageSize = valuesOffset + values.byteCountOfPage(values: true)
    var random = SplitMix64(seed: 5)
    func floats(_ count: Int) -> AlignedMemory {
      AlignedMemory((0..<count).map { _ in Float.random(in: -1...1, using: &random) })
    }
    let (width, part) = (shape.heads * shape.headWidth, Int(SWL_CACHE_PART))
    q = floats(width)
    y = floats(width)
    keyUp = floats(keys.up == nil ? 1 : shape.keyHeads * shape.headWidth * keys.width)
    let padded = (shape.headWidth + part - 1) / part * part
    valueUp = floats(values.up == nil ? 1 : shape.keyHeads * padded * values.width)
    let angles = keys.up != nil && turned ? (tokens + 31) / 32 * 32 * shape.headWidth / 2 : 1
    cosines = floats(angles)
    sines = floats(angles)
    // Every page holds what the first one does: what is read is as much, and nothing depends on the numbers.
    let first = AlignedMemory(byteCount: pageSize)
    for (memory, isValues) in [(keys, false), (values, true)] {
      let elements = memory.parts * memory.width
      let x = floats(elements * MemoryPages.positions)
      var page: UnsafeMutablePointer<CChar>? = first.address.assumingMemoryBound(to: CChar.self)
      withUnsafePointer(to: &page) { page in
        var append = swl_memory_append()
        (append.format, append.values, append.pages) = (memory.kernelFormat, isValues, page)
        append.offset = isValues ? valuesOffset : 0
        (append.x, append.x_stride) = (UnsafePointer(x.address.assumingMemoryBound(to: Float.self)), elements)
        append.tokens = MemoryPages.positions
        swl_memory_append_run(&append, 0, swl_memory_append_tiles(&append))
      }
    }
    let count = (tokens + MemoryPages.positions - 1) / MemoryPages.positions
    pages = (0..<count).map { _ in
      let page = AlignedMemory(byteCount: pageSize)
      page.address.copyMemory(from: first.address, byteCount: pageSize)
      return page
    }
    pointers = pages.map { UnsafePointer($0.address.assumingMemoryBound(to: CChar.self)) }
    func pointer(_ memory: AlignedMemory) -> UnsafeMutablePointer<Float> {
      memory.address.assumingMemoryBound(to: Float.self)
    }
    (op.isa, op.heads, op.key_heads, op.width) = (instructionSet.code, shape.heads, shape.keyHeads, shape.headWidth)
    (op.keys.format, op.values.format) = (keys.kernelFormat, values.kernelFormat)
    op.values.offset = valuesOffset
    if keys.up != nil { op.keys.up = UnsafePointer(pointer(keyUp)) }
    if values.up != nil { op.values.up = UnsafePointer(pointer(valueUp)) }
    if keys.up != nil, turned {
      (op.cosines, op.sines) = (UnsafePointer(pointer(cosines)), UnsafePointer(pointer(sines)))
    }
    op.scale = 1 / Float(shape.headWidth).squareRoot()
    (op.q_stride, op.y_stride, op.count) = (width, width, 1)
    // Sizes follow from the text.
    var text = swl_memory_queries()
    (text.position, text.tokens) = (tokens - 1, 1)
    let sized = op
    let sizes = withUnsafePointer(to: &text) { text in
      var op = sized
      op.texts = text
      return (shared: swl_memory_attention_shared_size(&op), scratch: swl_memory_attention_scratch_size(&op))
    }
    shared = AlignedMemory(byteCount: sizes.shared)
    scratchSize = (sizes.scratch + 63) / 64 * 64
    scratch = AlignedMemory(byteCount: scratchSize * threads)
    finished = AlignedMemory(byteCount: shape.keyHeads * MemoryLayout<UInt32>.stride)
    finished.address.initializeMemory(as: UInt8.self, repeating: 0, count: shape.keyHeads * 4)
    op.shared = pointer(shared)
    op.finished = finished.address.assumingMemoryBound(to: UInt32.self)
  }

  /// Bytes that all its tokens take.
  public var byteCount: Int {
    (keys.byteCountOfPage(values: false) + values.byteCountOfPage(values: true)) * tokens / MemoryPages.positions
  }

  /// Attention of one token's queries to all.
  public func run() {
    let (op, scratch, scratchSize) = (op, scratch, scratchSize)
    pointers.withUnsafeBufferPointer { pages in
      let text = swl_memory_queries(
        pages: pages.baseAddress, position: tokens - 1, tokens: 1,
        q: UnsafePointer(q.address.assumingMemoryBound(to: Float.self)),
        y: y.address.assumingMemoryBound(to: Float.self))
      withUnsafePointer(to: text) { text in
        var op = op
        op.texts = text
        let final = op
        let tiles = withUnsafePointer(to: final) { swl_memory_attention_tiles($0) }
        pool.run(
          ThreadPool.Job(tiles: tiles) { first, count, worker in
            withUnsafePointer(to: final) {
              swl_memory_attention_run($0, first, count, scratch.address + worker * scratchSize)
            }
          })
      }
    }
  }
}
