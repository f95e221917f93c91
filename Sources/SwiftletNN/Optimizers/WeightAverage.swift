import SwiftletCheckpoint
import SwiftletTensor

/// An exponential moving average of parameters: `average = decay * average + (1 - decay) * parameter`.
///
/// Starts as a copy of the parameters.
public final class WeightAverage {
  public let decay: Double
  private let parameters: [(name: String, tensor: Tensor)]
  private let averages: [Tensor]

  /// - Precondition: `decay` is above 0 and below 1.
  public init(of parameters: [(name: String, tensor: Tensor)], decay: Double) {
    precondition(decay > 0 && decay < 1, "WeightAverage(decay: \(decay)): the decay is above 0 and below 1")
    (self.parameters, self.decay) = (parameters, decay)
    averages = withNoGradient { parameters.map { $0.tensor.detached().clone() } }
  }

  /// Call it after each optimiser step.
  public func update() {
    withNoGradient { averages.lerpInPlace(to: parameters.map(\.tensor), weight: 1 - decay) }
  }

  /// The averages by parameter name; the tensors are live.
  public var state: StateDictionary {
    StateDictionary(zip(parameters, averages).map { ($0.name, $1) })
  }

  /// Takes over averages that were saved from the same parameters.
  ///
  /// - Throws: `OptimizerStateError` if one is missing or has another shape.
  public func restore(_ saved: StateDictionary) throws(OptimizerStateError) { try state.takeOver(saved) }

  /// Runs `body` with the averages in the parameters' place, then puts the parameters back.
  public func whileApplied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let trained = withNoGradient { parameters.map { $0.tensor.detached().clone() } }
    copy(averages)
    defer { copy(trained) }
    return try body()
  }

  private func copy(_ values: [Tensor]) {
    withNoGradient { parameters.map(\.tensor).copyInPlace(from: values) }
  }
}
