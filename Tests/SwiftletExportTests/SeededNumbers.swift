/// Reproducible numbers: SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in -1 ... 1.
  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in .random(in: -1...1, using: &self) } }

  /// About normal: the sum of twelve uniform numbers.
  mutating func normals(_ count: Int) -> [Float] {
    (0..<count).map { _ in (0..<12).reduce(Float(-6)) { sum, _ in sum + .random(in: 0..<1, using: &self) } }
  }
}
