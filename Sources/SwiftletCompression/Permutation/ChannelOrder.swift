import SwiftletRuntime
import SwiftletTensor

/// An order of a layer's inputs in which N:M pruning keeps more of its scores.
///
/// Inputs are swapped between groups while that raises the kept scores. What a swap gains follows from three numbers for
/// each weight: with the other members of its group sorted, the sum of the N-1 largest, the Nth largest, and its own
/// score; a group that takes another weight `x` in keeps the sum and the larger of the Nth and `x`.
/// Source: the greedy phase of Pool and Yu, "Channel Permutations for N:M Sparsity" (2021), section 4, with many swaps of
/// disjoint groups at once.
struct ChannelOrder {
  /// The scores of one layer's weights, `[outputs, inputs]`, and the pattern that will prune them.
  struct Consumer {
    let scores: Tensor
    let pattern: SparsityPattern

    /// - Precondition: the groups divide the inputs, and no score is negative.
    init(scores: Tensor, pattern: SparsityPattern) {
      precondition(
        scores.rank == 2 && scores.shape[1].isMultiple(of: pattern.group),
        "ChannelOrder: scores of shape \(scores.shape) and groups of \(pattern.group)")
      // In float64, so that what a swap gains is not lost in the sum of all rows.
      self.scores = scores.detached().cast(to: .float64)
      self.pattern = pattern
    }

    /// The sum of the scores that stay when the inputs are taken in this order.
    func kept(in order: [Int]) -> Double {
      let ordered = scores.indexSelect(along: 1, Tensor(order, shape: [order.count]).to(device: scores.device))
      return (ordered * pattern.mask(of: ordered).cast(to: .float64)).sum().item()
    }
  }

  /// Consumers of the same inputs; those whose pattern is dense have no say.
  private let consumers: [Consumer]
  private let inputs: Int
  /// Inputs that move as if they were one group: as many as every pattern's groups divide.
  private let blockWidth: Int

  /// A swap, and a sweep of them, is worth its time if it gains this share of all scores.
  private static let smallestGain = 1e-7

  /// - Precondition: all consumers have the same number of inputs.
  init(_ consumers: [Consumer], inputs: Int) {
    precondition(
      consumers.allSatisfy { $0.scores.shape[1] == inputs }, "ChannelOrder: consumers of different numbers of inputs")
    self.consumers = consumers.filter { !$0.pattern.isDense }
    self.inputs = inputs
    blockWidth = self.consumers.reduce(1) { leastCommonMultiple($0, $1.pattern.group) }
  }

  /// Where each position's input comes from: `result[0]` is the number of the input that is to be the first.
  ///
  /// The kept scores are never less than in the present order.
  /// - Parameter sweeps: after so many rounds it stops though there may be more to gain.
  func best(sweeps: Int = 200) -> [Int] {
    var order = Array(0..<inputs)
    guard !consumers.isEmpty, inputs.isMultiple(of: blockWidth), inputs > blockWidth else { return order }
    return withNoGradient {
      func kept(_ order: [Int]) -> Double { consumers.reduce(0) { $0 + $1.kept(in: order) } }
      let smallest = consumers.reduce(0) { $0 + $1.scores.sum().item() } * Self.smallestGain
      var before = kept(order)
      for _ in 0..<sweeps {
        var next = order
        for (a, b) in disjointSwaps(in: order, gaining: smallest) { next.swapAt(a, b) }
        // Gains are float32: what counts is the sum of the scores themselves.
        let after = kept(next)
        guard after > before + smallest else { break }
        (order, before) = (next, after)
      }
      return order
    }
  }

  /// Pairs of positions worth swapping, the best first, no two of which touch the same block.
  private func disjointSwaps(in order: [Int], gaining smallest: Double) -> [(Int, Int)] {
    let index = Tensor(order, shape: [inputs])
    var gains = Tensor.zeros([inputs, inputs])
    for consumer in consumers {
      gains = gains + consumer.swapGains(in: index.to(device: consumer.scores.device)).to(device: .cpu)
    }
    // A swap inside a block of several groups is left to the next blocks' swaps.
    let block = Tensor.range(from: 0, to: Double(inputs)).floorDivided(by: Double(blockWidth))
    let best = gains.maskedFill(block.unsqueezed(1).equal(to: block.unsqueezed(0)), -.infinity).max(along: 1)
    let (values, partners) = (best.values.scalars(as: Float.self), best.indices.scalars(as: Int.self))
    var touched = Set<Int>()
    var swaps: [(Int, Int)] = []
    for a in values.indices.sorted(by: { (values[$0], $1) > (values[$1], $0) }) where Double(values[a]) > smallest {
      let b = partners[a]
      if touched.contains(a / blockWidth) || touched.contains(b / blockWidth) { continue }
      touched.formUnion([a / blockWidth, b / blockWidth])
      swaps.append((a, b))
    }
    return swaps
  }
}

extension ChannelOrder.Consumer {
  /// `[inputs, inputs]`: what the kept scores gain when the inputs at two positions change places; 0 inside a group.
  fileprivate func swapGains(in order: Tensor) -> Tensor {
    let (rows, inputs) = scores.shape2
    let (kept, group) = (pattern.kept, pattern.group)
    let ordered = scores.indexSelect(along: 1, order)
    let groups = ordered.reshaped([rows, inputs / group, group])
    let sorted = groups.sort(along: 2, descending: true)
    let ranks = sorted.indices.argsort(along: 2)
    // Of the others in the group: a weight among the N first leaves the (N+1)th as their Nth largest.
    let among = ranks.less(than: Double(kept))
    let last = sorted.values.narrowed(along: 2, from: kept - 1, count: 1)
    let next = sorted.values.narrowed(along: 2, from: kept, count: 1)
    let keptSum = sorted.values.narrowed(along: 2, from: 0, count: kept).sum(along: [2], keepingAxes: true)
    let nth = Tensor.where(among, next.expanded(groups.shape), last.expanded(groups.shape))
    // The others' N-1 largest: without the weight itself, or without the last of the kept ones.
    let leading = keptSum - Tensor.where(among, groups, last.expanded(groups.shape))

    let thresholds = nth.reshaped([rows, inputs]).cast(to: .float32)
    let values = ordered.cast(to: .float32)
    let alone = (leading.sum(along: [0]) - keptSum.sum(along: [0]).expanded([inputs / group, group])).reshaped([inputs])
    // A block of thresholds at a time, so that the sums stay in cache.
    let parts = stride(from: 0, to: inputs, by: 256).map { start in
      let count = min(256, inputs - start)
      let sum = Tensor.zeros([count, inputs], device: scores.device)
      for row in 0..<rows {
        let threshold = thresholds.select(along: 0, at: row).narrowed(along: 0, from: start, count: count)
        sum.addInPlace(threshold.unsqueezed(1).maximum(values.select(along: 0, at: row).unsqueezed(0)))
      }
      return sum
    }
    let taken = Tensor.concatenated(parts, along: 0).cast(to: .float64)
    let gains = (taken + taken.transposed(0, 1) + alone.unsqueezed(1) + alone.unsqueezed(0)).cast(to: .float32)
    let number = Tensor.range(from: 0, to: Double(inputs), device: scores.device).floorDivided(by: Double(group))
    return gains.maskedFill(number.unsqueezed(1).equal(to: number.unsqueezed(0)), 0)
  }
}

private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (x, y) = (a, b)
  while y != 0 { (x, y) = (y, x % y) }
  return a / x * b
}
