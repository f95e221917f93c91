import CSwiftletKernels
import SwiftletFiles
import SwiftletRuntime

extension LanguageEngine {
  /// Adds a layer's attention to the tokens, and what they bring to the memories.
  func attend(
    _ pieces: [Piece], _ count: Int, _ x: UnsafeMutablePointer<Float>, _ layer: EngineLayer
  ) throws(SessionError) {
    let input = try normalize(x, count, weight: layer.attentionNorm, for: layer.attentionInputs)
    let width = program.heads * program.headWidth
    let stride = width + layer.keys.elements + layer.values.elements
    let all = try projected.elements(count * stride)
    try multiply(input, by: layer.attentionInputs, to: all, stride: stride)
    let (q, keys) = try turn(all, count, stride, layer)
    try remember(keys.floats, stride: keys.stride, layer.keys, values: false, pieces)
    try remember(all + width + layer.keys.elements, stride: stride, layer.values, values: true, pieces)
    let y = try attended.elements(count * width)
    try look(pieces, q, y, layer)
    let rows = try rows(y, count, width, for: [layer.attentionOutput]) { _ in }
    pool.run(try layer.attentionOutput.job(rows, to: x, stride: program.width, residual: x, scratch))
  }

  /// Queries side by side, and keys as the memory takes them: heads are turned by their positions, latents are not.
  private func turn(
    _ all: UnsafeMutablePointer<Float>, _ count: Int, _ stride: Int, _ layer: EngineLayer
  ) throws(SessionError) -> (UnsafePointer<Float>, keys: (floats: UnsafePointer<Float>, stride: Int)) {
    let (heads, headWidth) = (program.heads, program.headWidth)
    let (width, keyWidth) = (heads * headWidth, layer.keys.elements)
    let q = try queries.elements(count * width)
    let k = try wholeKeys.elements(count * max(keyWidth, 1))
    let (isa, keyHeads) = (instructionSet.code, layer.keys.isWhole ? program.keyHeads : 0)
    if let angles {
      let pairs = angles.pairs
      let (c, s) = (try cosines.elements(count * pairs), try sines.elements(count * pairs))
      overRows(count) { row in
        let (from, cosines, sines) = (all + row * stride, c + row * pairs, s + row * pairs)
        swl_rotate(isa, SWL_HALVES, from, cosines, sines, q + row * width, heads, headWidth, pairs)
        guard keyHeads > 0 else { return }
        swl_rotate(isa, SWL_HALVES, from + width, cosines, sines, k + row * keyWidth, keyHeads, headWidth, pairs)
      }
    } else {
      overRows(count) { row in
        (q + row * width).update(from: all + row * stride, count: width)
        if keyHeads > 0 { (k + row * keyWidth).update(from: all + row * stride + width, count: keyWidth) }
      }
    }
    guard layer.keys.isWhole else { return (UnsafePointer(q), (UnsafePointer(all + width), stride)) }
    guard let turn = layer.turn else { return (UnsafePointer(q), (UnsafePointer(k), keyWidth)) }
    let both = try turned.elements(count * (width + keyWidth))
    try multiply(heads: q, count * heads, by: turn, to: both)
    try multiply(heads: k, count * keyHeads, by: turn, to: both + count * width)
    return (UnsafePointer(both), (UnsafePointer(both + count * width), keyWidth))
  }

  private func multiply(
    heads: UnsafePointer<Float>, _ count: Int, by turn: Matrix, to y: UnsafeMutablePointer<Float>
  ) throws(SessionError) {
    let rows = Matrix.Tokens(count: count, stride: program.headWidth, floats: heads)
    pool.run(try turn.job(rows, to: y, stride: program.headWidth, scratch))
  }

  /// Writes what the tokens bring into the pages of their texts.
  private func remember(
    _ x: UnsafePointer<Float>, stride: Int, _ side: EngineLayer.Side, values: Bool, _ pieces: [Piece]
  ) throws(SessionError) {
    guard side.elements > 0 else { return }
    var row = 0
    for piece in pieces {
      var op = swl_memory_append()
      (op.format, op.values, op.offset) = (side.kernel.format, values, side.kernel.offset)
      (op.pages, op.x, op.x_stride) = (piece.pages.writable, x + row * stride, stride)
      (op.tokens, op.position) = (piece.tokens.count, piece.position)
      let (final, pages) = (op, piece.pages)
      let tiles = withUnsafePointer(to: final) { swl_memory_append_tiles($0) }
      // What one token brings is written without waking anyone.
      if piece.tokens.count == 1 {
        withUnsafePointer(to: final) { swl_memory_append_run($0, 0, tiles) }
      } else {
        pool.run(
          ThreadPool.Job(tiles: tiles) { first, count, _ in
            withExtendedLifetime(pages) { withUnsafePointer(to: final) { swl_memory_append_run($0, first, count) } }
          })
      }
      row += piece.tokens.count
    }
  }

  /// Attention of each text's tokens to its memory.
  private func look(
    _ pieces: [Piece], _ q: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ layer: EngineLayer
  ) throws(SessionError) {
    let width = program.heads * program.headWidth
    var op = swl_memory_attention()
    (op.isa, op.heads, op.key_heads, op.width) = (
      instructionSet.code, program.heads, program.keyHeads, program.headWidth
    )
    (op.keys, op.values) = (layer.keys.kernel, layer.values.kernel)
    op.scale = Float(1 / Double(program.headWidth).squareRoot())
    op.slopes = slopes
    op.window = layer.window ?? 0
    (op.q_stride, op.y_stride) = (width, width)
    if let angles, !layer.keys.isWhole {
      let end = pieces.map { $0.position + $0.tokens.count }.max() ?? 0
      (op.cosines, op.sines) = try angles.tables(for: end)
    }
    var texts: [swl_memory_queries] = []
    var row = 0
    for piece in pieces {
      texts.append(
        swl_memory_queries(
          pages: piece.pages.readable, position: piece.position, tokens: piece.tokens.count,
          q: q + row * width, y: y + row * width))
      row += piece.tokens.count
    }
    op.count = texts.count
    op.finished = try finished.elements(texts.count * program.keyHeads, cleared: true)
    let asked = try asked.elements(texts.count)
    asked.update(from: texts, count: texts.count)
    op.texts = UnsafePointer(asked)
    op.shared = try shared.elements(
      withUnsafePointer(to: op) { swl_memory_attention_shared_size($0) } / MemoryLayout<Float>.stride)
    try scratch.reserve(withUnsafePointer(to: op) { swl_memory_attention_scratch_size($0) })
    let (final, scratch) = (op, scratch)
    let tiles = withUnsafePointer(to: final) { swl_memory_attention_tiles($0) }
    pool.run(
      ThreadPool.Job(tiles: tiles) { first, count, worker in
        withUnsafePointer(to: final) { swl_memory_attention_run($0, first, count, scratch.address(ofWorker: worker)) }
      })
  }
}
