import SwiftletFiles

/// A plan that a search wants to know the fitness of.
public struct Proposal: Hashable, Sendable {
  /// Why a search looked at it.
  public enum Origin: String, Hashable, Sendable, FileWord, CaseIterable {
    case random, mutant, crossover, uniform, knapsack, greedy
    /// One slot at one level and all others at their fullest.
    case sensitivity
  }

  /// The level of each slot.
  public let levels: [Int]
  public let origin: Origin
  /// The generation or step, from 0.
  public let round: Int

  public init(levels: [Int], origin: Origin, round: Int) {
    (self.levels, self.origin, self.round) = (levels, origin, round)
  }
}
