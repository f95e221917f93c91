/// Hands out ranks to groups of heads so that their sum is exactly what was allowed.
public struct RankAllocation: Hashable, Sendable {
  /// A group of heads of one projection, to which ranks are given.
  public struct Group: Hashable, Sendable {
    /// Its outputs, the highest rank.
    public let width: Int
    /// What it is worth, however measured; at least 0.
    public let weight: Double
    /// The squared error that each direction takes away, largest first; empty where only the weight counts.
    public let energies: [Double]

    public init(width: Int, weight: Double = 1, energies: [Double] = []) {
      precondition(width > 0 && weight >= 0, "RankAllocation: a group of width \(width) and weight \(weight)")
      (self.width, self.weight, self.energies) = (width, weight, energies)
    }
  }

  /// Ranks are multiples of it, except that of a group whose width is none.
  public var step: Int
  /// The least rank of a group; a multiple of the step.
  public var least: Int

  public init(step: Int = 32, least: Int? = nil) {
    precondition(step > 0 && (least ?? step) >= 0, "RankAllocation: step \(step), least \(least ?? step)")
    self.step = step
    self.least = least ?? step
  }

  /// In proportion to the weights, as Palu's search by Fisher information does; equal weights give equal shares.
  ///
  /// What a group cannot take goes to the others, and what rounding leaves is handed out again, to those whose share it cuts
  /// most: Palu rounds and leaves it at that. Source: Chang et al., "Palu" (2025), section 3.3.
  /// - Throws: ``LowRankError/budget(ranks:reachable:)``.
  public func proportional(_ groups: [Group], total: Int) throws(LowRankError) -> [Int] {
    try check(groups, total)
    let shares = proportionalShares(groups, total: Double(total))
    return filled(groups, total: total) { index, rank in shares[index] - Double(rank) }
  }

  /// The ranks with the least sum of weighted errors: directions in the order of `weight * energy`.
  ///
  /// `weight` is what a unit of the group's error costs, an exchange rate between layers.
  /// - Throws: ``LowRankError/budget(ranks:reachable:)``.
  public func waterFilled(_ groups: [Group], total: Int) throws(LowRankError) -> [Int] {
    try check(groups, total)
    return filled(groups, total: total) { index, rank in
      let group = groups[index]
      let step = step(of: group, at: rank)
      return group.weight * group.energies[rank..<rank + step].reduce(0, +) / Double(step)
    }
  }

  private func check(_ groups: [Group], _ total: Int) throws(LowRankError) {
    let fewest = groups.reduce(0) { $0 + min(least, $1.width) }
    let most = groups.reduce(0) { $0 + $1.width }
    guard (fewest...most).contains(total) else { throw .budget(ranks: total, reachable: fewest...most) }
  }

  /// What a group that is not full takes next.
  private func step(of group: Group, at rank: Int) -> Int { min(step, group.width - rank) }

  /// From the least ranks up, a step at a time to whoever gains most by it; of equals the first.
  ///
  /// A step that no longer fits is passed over, and the next best that fits taken: the total is missed only where no group
  /// has a step as small as what is left.
  private func filled(_ groups: [Group], total: Int, gain: (_ index: Int, _ rank: Int) -> Double) -> [Int] {
    var ranks = groups.map { min(least, $0.width) }
    var left = total - ranks.reduce(0, +)
    var gains = groups.indices.map { ranks[$0] < groups[$0].width ? gain($0, ranks[$0]) : -.infinity }
    while true {
      var best: Int?
      for index in groups.indices where ranks[index] < groups[index].width {
        guard step(of: groups[index], at: ranks[index]) <= left else { continue }
        if best.map({ gains[index] > gains[$0] }) ?? true { best = index }
      }
      guard let best else { return ranks }
      let taken = step(of: groups[best], at: ranks[best])
      ranks[best] += taken
      left -= taken
      gains[best] = ranks[best] < groups[best].width ? gain(best, ranks[best]) : -.infinity
    }
  }

  /// Shares of the total in proportion to weights, none above its width: what is cut off is shared by the others.
  private func proportionalShares(_ groups: [Group], total: Double) -> [Double] {
    var shares = [Double](repeating: 0, count: groups.count)
    var open = Set(groups.indices)
    var left = total
    while !open.isEmpty {
      let weights = open.reduce(0) { $0 + groups[$1].weight }
      let perWeight = weights > 0 ? left / weights : 0
      let full = open.filter { perWeight * groups[$0].weight >= Double(groups[$0].width) }
      guard !full.isEmpty else {
        for index in open {
          shares[index] = weights > 0 ? perWeight * groups[index].weight : left / Double(open.count)
        }
        return shares
      }
      for index in full {
        shares[index] = Double(groups[index].width)
        left -= shares[index]
      }
      open.subtract(full)
    }
    return shares
  }
}
