import SwiftletCheckpoint
import SwiftletTensor

/// Adam with decoupled weight decay, in libtorch's fused kernel: one pass over all parameters of a group.
///
/// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.
public final class AdamW: Optimizer {
  public let groups: [ParameterGroup]
  public let beta1, beta2, epsilon: Double

  /// What is remembered of one parameter.
  private struct Moments {
    let average, squaredAverage: Tensor
    /// A float32 scalar, as the fused kernel wants it.
    let steps: Tensor
  }
  private let moments: [[Moments]]

  public init(_ groups: [ParameterGroup], beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (self.groups, self.beta1, self.beta2, self.epsilon) = (groups, beta1, beta2, epsilon)
    moments = groups.map { group in
      group.parameters.map { _, tensor in
        Moments(
          average: .zeros(tensor.shape, dataType: tensor.dataType, device: tensor.device),
          squaredAverage: .zeros(tensor.shape, dataType: tensor.dataType, device: tensor.device),
          steps: .zeros([], dataType: .float32, device: tensor.device))
      }
    }
  }

  public func step(learningRate: Double) {
    withNoGradient {
      for (group, moments) in zip(groups, moments) {
        let moving = zip(group.parameters, moments).compactMap { parameter, moments in
          parameter.tensor.gradient.map { (parameter.tensor, $0, moments) }
        }
        if moving.isEmpty { continue }
        let steps = moving.map(\.2.steps)
        for step in steps { step.addInPlace(1) }
        fusedAdamW(
          parameters: moving.map(\.0), gradients: moving.map(\.1), firstMoments: moving.map(\.2.average),
          secondMoments: moving.map(\.2.squaredAverage), steps: steps, learningRate: learningRate, beta1: beta1,
          beta2: beta2, weightDecay: group.weightDecay, epsilon: epsilon)
      }
    }
  }

  public var state: StateDictionary {
    StateDictionary(
      zip(groups, moments).flatMap { group, moments in
        zip(group.parameters, moments).flatMap { parameter, moments in
          [
            ("\(parameter.name).average", moments.average),
            ("\(parameter.name).squaredAverage", moments.squaredAverage),
            ("\(parameter.name).steps", moments.steps),
          ]
        }
      })
  }
}
