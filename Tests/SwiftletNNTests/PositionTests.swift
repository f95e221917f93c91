import Foundation
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct PositionTests {
  private static let positions = [0, 1, 63, 64, 65, 4095, 65535, 131_071]

  /// Oracle: angles in double precision. A frequency and an angle are each rounded to float32, to within half of 2^-23 of the
  /// angle, and the power that a frequency comes from by a few units more.
  @Test(arguments: [10_000, 500_000.0])
  func `cosines and sines are those of exact angles, up to the rounding of an angle`(base: Double) {
    let embedding = RotaryEmbedding(width: 64, base: base)
    let tables = embedding.tables(
      for: Tensor(Self.positions.map { Int64($0) }, shape: [Self.positions.count]), length: 131_072)
    let (cosines, sines) = (tables.cosines.scalars(as: Double.self), tables.sines.scalars(as: Double.self))
    for (row, position) in Self.positions.enumerated() {
      for pair in 0..<32 {
        let angle = Double(position) * pow(base, -Double(2 * pair) / 64)
        let tolerance = angle * 0x1p-21 + 1e-6
        #expect(abs(cosines[row * 32 + pair] - cos(angle)) < tolerance)
        #expect(abs(sines[row * 32 + pair] - sin(angle)) < tolerance)
      }
    }
  }

  /// Oracle: double precision; the heads of one token alone too.
  @Test func `heads are turned by exact angles, up to the rounding of an angle`() {
    let embedding = RotaryEmbedding(width: 64)
    let x = Tensor.normal([1, 2, Self.positions.count, 64], dataType: .float64, using: Generator(seed: 6))
    func tables(_ positions: [Int]) -> RotaryEmbedding.Tables {
      embedding.tables(for: Tensor(positions.map { Int64($0) }, shape: [positions.count]), length: 131_072)
    }
    let turned = tables(Self.positions)(x)
    let (before, after) = (x.scalars(as: Double.self), turned.scalars(as: Double.self))
    for (row, position) in Self.positions.enumerated() {
      let token = x.narrowed(along: 2, from: row, count: 1)
      #expect(distance(tables([position])(token), turned.narrowed(along: 2, from: row, count: 1)) == 0)
      for head in 0..<2 {
        let start = (head * Self.positions.count + row) * 64
        for pair in 0..<32 {
          let angle = Double(position) * pow(10_000, -Double(2 * pair) / 64)
          let (a, b) = (before[start + pair], before[start + 32 + pair])
          let tolerance = hypot(a, b) * (angle * 0x1p-21 + 1e-6)
          #expect(abs(after[start + pair] - (a * cos(angle) - b * sin(angle))) < tolerance)
          #expect(abs(after[start + 32 + pair] - (b * cos(angle) + a * sin(angle))) < tolerance)
        }
      }
    }
  }

  /// Law: a product of a query and a key depends on their distance alone, and turning keeps lengths.
  @Test func `scores depend on how far apart tokens are`() {
    let generator = Generator(seed: 5)
    let (query, key) = (
      Tensor.normal([1, 1, 6, 32], using: generator), Tensor.normal([1, 1, 6, 32], using: generator)
    )
    let embedding = RotaryEmbedding(width: 32)
    func scores(from start: Int) -> Tensor {
      let places = Tensor.range(from: Double(start), to: Double(start + 6))
      let tables = embedding.tables(for: places, length: start + 6)
      return tables(query).matmul(tables(key).transposed(2, 3))
    }
    let near = scores(from: 0)
    #expect(distance(near, scores(from: 1)) < 1e-5)
    #expect(distance(near, scores(from: 1000)) < 1e-3)
    // An angle is off by 2^-22 of itself there, and all angles of a position together are 2.3 times its number.
    let reach = query.norm(along: [3]).max().item() * key.norm(along: [3]).max().item()
    for start in [65_535, 131_065] {
      #expect(distance(near, scores(from: start)) < reach * 2.3 * Double(start) * 0x1p-21)
    }
    #expect(distance(near, query.matmul(key.transposed(2, 3))) > 0.1)
    let tables = embedding.tables(for: .range(to: 6), length: 6)
    #expect(distance(tables(query).norm(along: [3]), query.norm(along: [3])) < 1e-5)
  }

  @Test func `scaling leaves what it should and stretches what it should`() {
    let plain = RotaryEmbedding(width: 32).frequencies(length: 10).scalars(as: Double.self)
    func frequencies(_ scaling: RotaryScaling, length: Int = 10) -> [Double] {
      RotaryEmbedding(width: 32, scaling: scaling).frequencies(length: length).scalars(as: Double.self)
    }
    #expect(zip(frequencies(.linear(factor: 4)), plain).allSatisfy { abs($0 * 4 - $1) < 1e-7 })
    let dynamic = RotaryScaling.dynamic(factor: 2, trainedPositions: 100)
    #expect(zip(frequencies(dynamic, length: 100), plain).allSatisfy { abs($0 - $1) <= $1 * 1e-6 })
    // The slowest pair is slowed by as much as the sequence is too long: 2 · 300 / 100 - 1.
    let long = frequencies(dynamic, length: 300)
    #expect(abs(plain[15] / long[15] - 5) < 1e-4 && long[0] == 1)
    let llama3 = frequencies(
      .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, trainedPositions: 1024))
    let yarn = frequencies(.yarn(.init(factor: 8, trainedPositions: 1024)))
    for scaled in [llama3, yarn] {
      #expect(scaled[0] == plain[0] && abs(scaled[15] * 8 - plain[15]) < 1e-9)
      #expect(zip(scaled, plain).contains { $0 < $1 * 0.99 && $0 * 8 > $1 * 1.01 }, "some lie between")
    }
  }

  /// Oracle: the numbers of the paper's figure 3 for 8 heads, and its published code's for 6.
  @Test func `linear biases fall by the slopes of the paper`() {
    #expect(CausalBias.linearSlopes(heads: 8) == [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625])
    #expect(CausalBias.linearSlopes(heads: 6) == [0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125])
    #expect(CausalBias.linearSlopes(heads: 1) == [0.00390625])
    let bias = CausalBias.scores(tokens: 4, window: 3, slopes: [0.5, 0.25]).scalars(as: Float.self)
    let hidden = -Float.infinity
    #expect(
      Array(bias.prefix(16)) == [
        0, hidden, hidden, hidden, -0.5, 0, hidden, hidden, -1, -0.5, 0, hidden, hidden, -1, -0.5, 0,
      ])
    #expect(bias[20] == -0.25)
  }

  /// Oracle: double precision.
  @Test func `an RMS norm scales to mean square 1`() {
    var random = SplitMix64(seed: 9)
    let (x, weight) = (random.normals(3 * 7), random.floats(7))
    let norm = RMSNorm(weight: Tensor(weight), epsilon: 1e-3)
    let y = norm(Tensor(x, shape: [3, 7])).scalars(as: Double.self)
    for row in 0..<3 {
      let values = x[row * 7..<row * 7 + 7].map(Double.init)
      let scale = 1 / (values.reduce(0) { $0 + $1 * $1 } / 7 + 1e-3).squareRoot()
      for column in 0..<7 {
        #expect(abs(y[row * 7 + column] - values[column] * scale * Double(weight[column])) < 1e-5)
      }
    }
  }

  @Test func `a gated feed-forward block is its formula, under Hugging Face's names`() {
    let block = GatedFeedForward(width: 6, hidden: 10, bias: true, using: Generator(seed: 2))
    #expect(
      block.namedParameters().map(\.path) == [
        "gate_proj.weight", "gate_proj.bias", "up_proj.weight", "up_proj.bias", "down_proj.weight", "down_proj.bias",
      ])
    let x = Tensor.normal([2, 6], using: Generator(seed: 3))
    let gate = block.gate(x)
    #expect(distance(block(x), block.down(gate * gate.sigmoid() * block.up(x))) < 1e-6)
    #expect(distance(block(x), block.copy()(x)) == 0)
  }
}
