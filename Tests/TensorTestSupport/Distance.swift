import SwiftletTensor

/// The largest absolute difference, infinite where shapes differ or a value is not a number.
public func distance(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  let pairs = zip(a.detached().scalars(as: Double.self), b.detached().scalars(as: Double.self))
  return pairs.reduce(0) { worst, pair in
    let gap = abs(pair.0 - pair.1)
    return gap.isNaN ? .infinity : max(worst, gap)
  }
}
