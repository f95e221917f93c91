import SwiftletCheckpoint
import SwiftletTensor

/// An exponential moving average of parameters and floating-point buffers, whose decay rises to its value:
/// `average = d average + (1 - d) parameter` with `d = min(decay, (1 + step) / (10 + step))`.
///
/// Starts as a copy of the parameters. With an even decay of 0.9999 that copy would still be most of the average after
/// thousands of steps; as it rises, the average looks back over about the last eighth of the steps taken.
/// Source: TensorFlow, `tf.train.ExponentialMovingAverage`, its `num_updates`.
public final class WeightAverage {
  public let decay: Double
  private let members: [(name: String, tensor: Tensor)]
  private let averages: [Tensor]

  /// - Parameter members: parameters, and buffers that follow them such as running statistics, with their names.
  /// - Precondition: `decay` is above 0 and below 1, and every member is of floating-point numbers.
  public init(of members: [(name: String, tensor: Tensor)], decay: Double) {
    precondition(decay > 0 && decay < 1, "WeightAverage(decay: \(decay)): the decay is above 0 and below 1")
    precondition(
      members.allSatisfy { $0.tensor.dataType.isFloatingPoint },
      "WeightAverage: only numbers with a fraction are averaged")
    (self.members, self.decay) = (members, decay)
    averages = withNoGradient { members.map { $0.tensor.detached().clone() } }
  }

  /// The decay of the update after step `step`, counted from 0.
  public func decay(at step: Int) -> Double { min(decay, Double(1 + step) / Double(10 + step)) }

  /// Call it after each optimiser step, with the step's number from 0.
  public func update(step: Int) {
    withNoGradient { averages.lerpInPlace(to: members.map(\.tensor), weight: 1 - decay(at: step)) }
  }

  /// The averages by name; the tensors are live.
  public var state: StateDictionary {
    StateDictionary(zip(members, averages).map { ($0.name, $1) })
  }

  /// Takes over averages that were saved from the same members.
  ///
  /// - Throws: `OptimizerStateError` if one is missing or has another shape.
  public func restore(_ saved: StateDictionary) throws(OptimizerStateError) { try state.takeOver(saved) }

  /// Runs `body` with the averages in the members' place, then puts the members back.
  public func whileApplied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let trained = withNoGradient { members.map { $0.tensor.detached().clone() } }
    copy(averages)
    defer { copy(trained) }
    return try body()
  }

  private func copy(_ values: [Tensor]) {
    withNoGradient { members.map(\.tensor).copyInPlace(from: values) }
  }
}
