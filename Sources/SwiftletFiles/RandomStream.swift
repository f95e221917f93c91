/// A stream of random numbers that splits: `child(key)` is a stream of its own, whatever was drawn from its parent. A
/// sample's augmentation draws from `child(epoch).child(index)`, so that it depends on nothing else.
public struct RandomStream: RandomNumberGenerator, Sendable, Hashable {
  private let origin: UInt64
  private var generator: SplitMix64

  public init(seed: UInt64) {
    // Seeds that follow one another must not give streams that do.
    origin = SplitMix64.mixed(seed &+ SplitMix64.increment)
    generator = SplitMix64(seed: origin)
  }

  public func child(_ key: Int) -> RandomStream {
    RandomStream(seed: origin ^ SplitMix64.mixed(UInt64(bitPattern: Int64(key)) &+ 0xD1B5_4A32_D192_ED03))
  }

  public mutating func next() -> UInt64 { generator.next() }

  /// Uniform in `[0, 1)`, 53 bits.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform between `low` and `high`.
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  public mutating func chance(_ probability: Double) -> Bool {
    uniform() < probability
  }

  /// Uniform in `0..<count`.
  ///
  /// - Precondition: `count` is positive.
  public mutating func index(below count: Int) -> Int {
    precondition(count > 0, "RandomStream.index(below: \(count)): nothing to choose from")
    let bound = UInt64(count)
    while true {  // Lemire's multiplication; the few values that would favour low results are drawn again
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= bound || product.low >= (0 &- bound) % bound { return Int(product.high) }
    }
  }

  /// Normal with mean 0 and deviation 1 (Box and Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// Beta(`alpha`, `alpha`), as mixup draws its share.
  public mutating func symmetricBeta(_ alpha: Double) -> Double {
    let a = gamma(alpha)
    let b = gamma(alpha)
    return a + b > 0 ? a / (a + b) : 0.5
  }

  /// Gamma with scale 1. Source: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000).
  private mutating func gamma(_ shape: Double) -> Double {
    if shape < 1 { return gamma(shape + 1) * pow(1 - uniform(), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// `0..<count` in random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, index(below: i + 1)) }
    return order
  }
}
