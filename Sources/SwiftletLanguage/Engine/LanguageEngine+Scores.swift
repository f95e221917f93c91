import CSwiftletKernels
import SwiftletRuntime

extension LanguageEngine {
  /// The scores of some tokens, which `x` holds behind the last layer.
  func score(
    _ places: [Int], _ x: UnsafeMutablePointer<Float>,
    _ show: (Int, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let (width, vocabulary, count) = (program.width, program.vocabulary, places.count)
    let isInParts = head.input == .tokensInBytes
    let y = try normed.elements(count * width)
    let (isa, epsilon, norm) = (instructionSet.code, Float(program.normEpsilon), norm)
    let output = swl_output(type: SWL_F32, scale: 1, zero_point: 0)
    func normalize(_ row: Int) {
      swl_rms_norm(isa, x + places[row] * width, norm, epsilon, y + row * width, output, 1, width)
    }
    let rows =
      isInParts
      ? try rowsInParts(y, count, normalize) : try rows(y, count, width, for: [head], normalize)
    let all = try scores.elements(rows.count * vocabulary)
    pool.run(try head.job(rows, to: all, stride: vocabulary, scratch))
    for (row, place) in places.enumerated() {
      let own = all + row * (isInParts ? 2 : 1) * vocabulary
      if isInParts { swl_add(isa, own, own + vocabulary, own, vocabulary) }
      try show(place, UnsafeBufferPointer(start: own, count: vocabulary))
    }
  }

  /// Rows that `make` writes as two rows of 8 bits each, whose sum they are: rounded, and what rounding left.
  ///
  /// The last layer's scores are the forecast, and one scale for all of a token's elements costs SmolLM2 two thirds of what all
  /// rounding costs it. The weights are read once for both.
  private func rowsInParts(
    _ y: UnsafeMutablePointer<Float>, _ count: Int, _ make: @escaping (Int) -> Void
  ) throws(SessionError) -> Matrix.Tokens {
    let width = program.width
    let (bytes, scales) = (try byteRows.elements(2 * count * width), try byteScales.elements(2 * count))
    let isa = instructionSet.code
    overRows(count) { row in
      make(row)
      let (rest, first) = (y + row * width, bytes + 2 * row * width)
      swl_quantize_rows(isa, rest, first, scales + 2 * row, 1, width)
      let scale = scales[2 * row]
      for i in 0..<width { rest[i] -= scale * Float(Int(first[i]) - 128) }
      swl_quantize_rows(isa, rest, first + width, scales + 2 * row + 1, 1, width)
    }
    var tokens = Matrix.Tokens(count: 2 * count, stride: width, floats: y)
    tokens.inBytes = (bytes, scales)
    return tokens
  }
}
