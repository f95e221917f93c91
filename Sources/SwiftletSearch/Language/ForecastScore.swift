import Foundation
import SwiftletFiles
import SwiftletPlans

/// What ranks the plans of a search that judges them by a text.
public enum ForecastMeasure: String, Hashable, Sendable, FileWord, CaseIterable {
  /// From the uncompressed network's forecasts; it moves with every token's, where the loss may even gain by damage.
  case divergence
  case loss
}

/// How a language model under a plan foretells a text.
public struct ForecastScore: PlanScore {
  public typealias Measure = ForecastMeasure

  /// The mean Kullback-Leibler divergence from the uncompressed network, in nats a token; NaN where scores are no numbers.
  public let divergence: Double
  /// The mean cross-entropy, in nats a token; NaN where scores are no numbers.
  public let loss: Double
  /// The share of tokens for which both networks foretell the same one first, 0...1.
  public let agreement: Double
  /// Tokens that were foretold.
  public let tokens: Int

  public init(divergence: Double, loss: Double, agreement: Double, tokens: Int) {
    (self.divergence, self.loss, self.agreement, self.tokens) = (divergence, loss, agreement, tokens)
  }

  /// A network whose scores are not all numbers is worth nothing.
  public func merit(by measure: ForecastMeasure) -> Double {
    if divergence.isNaN || loss.isNaN { return -.infinity }
    return switch measure {
    case .divergence: -divergence
    case .loss: -loss
    }
  }

  public var figures: [String: Double] { ["perplexity": exp(loss)] }
  public var text: String { String(format: "KL %.5f, perplexity %.3f", divergence, exp(loss)) }
}
