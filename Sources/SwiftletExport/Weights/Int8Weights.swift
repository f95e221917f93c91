/// A matrix in 8 bits, symmetric with one scale an output channel: `real = scale[row] * integer`.
struct Int8Weights: Hashable, Sendable {
  /// In `-127...127`, row-major.
  var integers: [Int8]
  var scales: [Float]

  /// Rounds to the nearest integer, ties to even; the greatest magnitude of a row becomes 127.
  ///
  /// A row of zeros, or one too small for a normal scale, gets scale 1 and zeros.
  init(_ numbers: [Float], rows: Int) {
    let length = rows == 0 ? 0 : numbers.count / rows
    integers = []
    integers.reserveCapacity(numbers.count)
    scales = []
    for row in 0..<rows {
      let weights = numbers[row * length..<(row + 1) * length]
      let largest = weights.reduce(0) { max($0, abs($1)) }
      let scale = largest / 127
      guard scale.isNormal else {
        scales.append(1)
        integers.append(contentsOf: repeatElement(0, count: length))
        continue
      }
      scales.append(scale)
      for weight in weights {
        integers.append(Int8(max(-127, min(127, (weight / scale).rounded(.toNearestOrEven)))))
      }
    }
  }

  /// What the integers stand for.
  var dequantized: [Float] {
    let length = scales.isEmpty ? 0 : integers.count / scales.count
    return integers.indices.map { Float(integers[$0]) * scales[$0 / length] }
  }
}
