import SwiftletFiles

/// How good a plan is: measured on held-out images, never on test images.
public struct Fitness: Hashable, Sendable, Codable {
  public let images, correct: Int
  /// The mean cross-entropy in nats.
  public let loss: Double

  public init(images: Int, correct: Int, loss: Double) {
    (self.images, self.correct, self.loss) = (images, correct, loss)
  }

  /// The share of right answers, 0...1.
  public var accuracy: Double { images == 0 ? 0 : Double(correct) / Double(images) }
}

/// What of its fitness ranks a candidate.
public enum FitnessMeasure: String, Hashable, Sendable, FileWord, CaseIterable {
  /// The finer of the two: it moves with every image, accuracy only where an answer changes.
  case loss
  case accuracy

  /// Larger is better. A network whose scores are not all numbers is worth nothing, whatever it gets right.
  public func merit(of fitness: Fitness) -> Double {
    if fitness.loss.isNaN { return -.infinity }
    return switch self {
    case .loss: -fitness.loss
    case .accuracy: fitness.accuracy
    }
  }
}

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

/// An evaluated plan.
public struct Candidate: Hashable, Sendable {
  public let proposal: Proposal
  public let cost: Int
  public let fitness: Fitness

  public init(_ proposal: Proposal, cost: Int, fitness: Fitness) {
    (self.proposal, self.cost, self.fitness) = (proposal, cost, fitness)
  }

  public var levels: [Int] { proposal.levels }
}
