import CSwiftletKernels
import SwiftletFiles
import SwiftletRuntime

/// Takes tokens of one or several texts through all layers, in one step.
///
/// The weights are packed once; a step runs each layer on all its tokens, and attention text by text. One caller at a time.
final class LanguageEngine: @unchecked Sendable {
  // Safe to share: `LanguageModel` sees to it that one caller uses it at a time.
  let program: LanguageProgram
  let pages: MemoryPages
  let instructionSet: InstructionSet
  let layers: [EngineLayer]
  let pool: ThreadPool
  let scratch: Scratch
  /// The bytes of the packed weights.
  let weightByteCount: Int
  /// Kept, as pointers lead into it.
  private let file: StoredWeights
  private let table: DecodedRows
  let norm: UnsafePointer<Float>
  let head: Matrix
  let angles: RotationAngles?
  /// Of each head; nil where scores do not fall with the distance.
  let slopes: UnsafePointer<Float>?

  /// What a step works on.
  let tokens = Buffer<Float>(), normed = Buffer<Float>(), projected = Buffer<Float>()
  let queries = Buffer<Float>(), wholeKeys = Buffer<Float>(), turned = Buffer<Float>(), attended = Buffer<Float>()
  let gated = Buffer<Float>(), scores = Buffer<Float>(), shared = Buffer<Float>()
  /// Rows in 8 bits, with a scale a token, and with one a group of neighbours.
  let byteRows = Buffer<UInt8>(), groupRows = Buffer<UInt8>()
  let byteScales = Buffer<Float>(), groupScales = Buffer<Float>()
  let cosines = Buffer<Float>(), sines = Buffer<Float>()
  let finished = Buffer<UInt32>()
  let asked = Buffer<swl_memory_queries>()

  /// Tokens of one text that a step reads.
  struct Piece {
    let pages: PageList
    /// Of the first token.
    let position: Int
    let tokens: ArraySlice<Int>
  }

  init(
    _ program: LanguageProgram, in file: StoredWeights, threads: Int, instructionSet: InstructionSet
  ) throws(SessionError) {
    (self.program, self.file, self.instructionSet) = (program, file, instructionSet)
    pages = MemoryPages(program)
    pool = try ThreadPool(threads: threads)
    scratch = Scratch(workers: threads)
    var matrices = MatrixMaker(program, file, instructionSet)
    var layers: [EngineLayer] = []
    for (layer, offsets) in zip(program.layers, pages.offsets) {
      layers.append(
        EngineLayer(
          attentionNorm: file.floats(layer.attentionNorm), feedForwardNorm: file.floats(layer.feedForwardNorm),
          attentionInputs: try matrices(layer.attentionInputs),
          feedForwardInputs: try matrices(layer.feedForwardInputs),
          attentionOutput: try matrices(layer.attentionOutput),
          feedForwardOutput: try matrices(layer.feedForwardOutput),
          keys: try .init(
            layer.keys, isKeys: true, offset: offsets.keys, headWidth: program.headWidth, keyHeads: program.keyHeads,
            in: file),
          values: try .init(
            layer.values, isKeys: false, offset: offsets.values, headWidth: program.headWidth,
            keyHeads: program.keyHeads, in: file),
          turn: try layer.keys.turn.map { (name) throws(SessionError) in try matrices(.init(weight: name)) },
          window: layer.window))
    }
    self.layers = layers
    head = try matrices(program.head)
    PackedLinear.pack(matrices.packed, from: file, on: pool)
    weightByteCount = matrices.packed.reduce(0) { $0 + $1.byteCount }
    guard let table = matrices.constant(program.embedding) else { preconditionFailure("there is no embedding") }
    self.table = DecodedRows(of: table, in: file)
    norm = file.floats(program.norm)
    switch program.positions {
    case .rotary(let frequencies, let factor):
      angles = RotationAngles(pairs: program.headWidth / 2, frequencies: file.floats(frequencies), factor: factor)
      slopes = nil
    case .linearBiases(let constant): (angles, slopes) = (nil, file.floats(constant))
    case .none: (angles, slopes) = (nil, nil)
    }
  }
}

// MARK: A step

extension LanguageEngine {
  /// Which tokens' scores a step is run for.
  enum Wanted { case none, last, each }

  /// Tokens whose scores are computed together.
  private static let scoredTogether = 64

  /// Reads the tokens of each text behind those that its memory holds, and shows scores: of the token at a place among all of
  /// the step's, in order, `[vocabulary]`, valid during the call.
  ///
  /// - Precondition: the pages have room, and nobody else sees them; tokens are of the vocabulary, at least one of each
  ///   text.
  func run(
    _ pieces: [Piece], scores wanted: Wanted,
    _ show: (_ place: Int, _ scores: UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let (x, count) = try readTokens(pieces)
    for index in layers.indices {
      try attend(pieces, count, x, layers[index])
      try feedForward(count, x, layers[index])
    }
    var places: [Int] = []
    var end = 0
    for piece in pieces {
      let own = end..<end + piece.tokens.count
      end = own.upperBound
      switch wanted {
      case .none: break
      case .last: places.append(own.upperBound - 1)
      case .each: places += own
      }
    }
    for start in stride(from: 0, to: places.count, by: Self.scoredTogether) {
      try score(Array(places[start..<min(start + Self.scoredTogether, places.count)]), x, show)
    }
  }

  /// The tokens' rows of the table, and the angles of their positions.
  private func readTokens(_ pieces: [Piece]) throws(SessionError) -> (UnsafeMutablePointer<Float>, count: Int) {
    let count = pieces.reduce(0) { $0 + $1.tokens.count }
    let x = try tokens.elements(count * program.width)
    var row = 0
    for token in pieces.lazy.flatMap(\.tokens) {
      table.decode(row: token, into: x + row * program.width)
      row += 1
    }
    if let angles {
      let (c, s) = (try cosines.elements(count * angles.pairs), try sines.elements(count * angles.pairs))
      row = 0
      for piece in pieces {
        for place in piece.tokens.indices {
          let position = piece.position + (place - piece.tokens.startIndex)
          angles.write(position: position, cosines: c + row * angles.pairs, sines: s + row * angles.pairs)
          row += 1
        }
      }
    }
    return (x, count)
  }

  /// Rows after a norm, in 8 bits too where matrices take them.
  func normalize(
    _ x: UnsafePointer<Float>, _ count: Int, weight: UnsafePointer<Float>, for matrices: [Matrix]
  ) throws(SessionError) -> Matrix.Tokens {
    let width = program.width
    let y = try normed.elements(count * width)
    let epsilon = Float(program.normEpsilon)
    let isa = instructionSet.code
    let output = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    return try rows(y, count, width, for: matrices) { row in
      swl_rms_norm(isa, x + row * width, weight, epsilon, y + row * width, output, 1, width)
    }
  }

  /// Rows that `make` writes, in 8 bits too where matrices take them: whoever makes a row rounds it.
  func rows(
    _ y: UnsafePointer<Float>, _ count: Int, _ width: Int, for matrices: [Matrix], _ make: @escaping (Int) -> Void
  ) throws(SessionError) -> Matrix.Tokens {
    var tokens = Matrix.Tokens(count: count, stride: width, floats: y)
    let kinds = Set(matrices.map(\.input))
    if kinds.contains(.tokensInBytes) {
      tokens.inBytes = (try byteRows.elements(count * width), try byteScales.elements(count))
    }
    let group = kinds.compactMap(\.group).first
    // All matrices of 4 bits that read the same tokens have groups of one size.
    precondition(
      kinds.allSatisfy { $0.group == nil || $0.group == group }, "matrices of the same tokens differ in groups")
    if let group {
      tokens.inGroups = (try groupRows.elements(count * width), try groupScales.elements(count * width / group))
    }
    let isa = instructionSet.code
    let (inBytes, inGroups) = (tokens.inBytes, tokens.inGroups)
    overRows(count) { row in
      make(row)
      if let (bytes, scales) = inBytes {
        swl_quantize_rows(isa, y + row * width, bytes + row * width, scales + row, 1, width)
      }
      if let (bytes, scales) = inGroups, let group {
        let groups = width / group
        swl_quantize_rows(isa, y + row * width, bytes + row * width, scales + row * groups, groups, group)
      }
    }
    return tokens
  }

  /// Runs a cheap body for each row: those of few tokens without waking anyone.
  func overRows(_ count: Int, _ body: @escaping (Int) -> Void) {
    let together = 4
    pool.run(
      ThreadPool.Job(tiles: (count + together - 1) / together) { first, tiles, _ in
        for row in first * together..<min(count, (first + tiles) * together) { body(row) }
      })
  }

  /// What matrices give side by side: `[count][all outputs]`.
  func multiply(
    _ x: Matrix.Tokens, by matrices: [Matrix], to y: UnsafeMutablePointer<Float>, stride: Int
  ) throws(SessionError) {
    var column = 0
    for matrix in matrices {
      pool.run(try matrix.job(x, to: y + column, stride: stride, scratch))
      column += matrix.outputs
    }
  }

  private func feedForward(
    _ count: Int, _ x: UnsafeMutablePointer<Float>, _ layer: EngineLayer
  ) throws(SessionError) {
    let hidden = program.hidden
    let input = try normalize(x, count, weight: layer.feedForwardNorm, for: layer.feedForwardInputs)
    let both = try projected.elements(count * 2 * hidden)
    try multiply(input, by: layer.feedForwardInputs, to: both, stride: 2 * hidden)
    let y = try gated.elements(count * hidden)
    let isa = instructionSet.code
    let (code, slope) = (Optional(program.activation).kernelCode, Optional(program.activation).kernelSlope)
    let rows = try rows(y, count, hidden, for: [layer.feedForwardOutput]) { row in
      let gate = both + row * 2 * hidden
      swl_gate(isa, code, slope, gate, gate + hidden, y + row * hidden, hidden)
    }
    pool.run(try layer.feedForwardOutput.job(rows, to: x, stride: program.width, residual: x, scratch))
  }
}
