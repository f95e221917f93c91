import SwiftletCheckpoint
import SwiftletTensor

/// Stochastic gradient descent with momentum, in libtorch's fused kernel.
///
/// `v = momentum * v + g`, then `w -= rate * v`, or with Nesterov `w -= rate * (g + momentum * v)`; `g` includes the
/// weight decay. Equal to PyTorch's `SGD`, whose first step sets `v = g`.
public final class SGD: Optimizer {
  public let groups: [ParameterGroup]
  public let momentum: Double
  public let nesterov: Bool
  private let velocities: [[Tensor]]

  /// - Precondition: Nesterov needs a momentum above 0.
  public init(_ groups: [ParameterGroup], momentum: Double = 0, nesterov: Bool = false) {
    precondition(!nesterov || momentum > 0, "SGD(momentum: \(momentum), nesterov: true): momentum must be above 0")
    (self.groups, self.momentum, self.nesterov) = (groups, momentum, nesterov)
    velocities = groups.map { group in
      momentum == 0
        ? []
        : group.parameters.map { .zeros($0.tensor.shape, dataType: $0.tensor.dataType, device: $0.tensor.device) }
    }
  }

  public func step(learningRate: Double) {
    withNoGradient {
      for (index, group) in groups.enumerated() {
        let moving = group.parameters.indices.filter { group.parameters[$0].tensor.gradient != nil }
        // A velocity of zero makes `v = momentum * 0 + g` PyTorch's first step, so no flag is kept.
        fusedSGD(
          parameters: moving.map { group.parameters[$0].tensor },
          gradients: moving.compactMap { group.parameters[$0].tensor.gradient },
          momenta: momentum == 0 ? [] : moving.map { velocities[index][$0] }, weightDecay: group.weightDecay,
          momentum: momentum, learningRate: learningRate, nesterov: nesterov, isFirstStep: false)
      }
    }
  }

  public var state: StateDictionary {
    StateDictionary(
      zip(groups, velocities).flatMap { group, velocities in
        zip(group.parameters, velocities).map { ("\($0.name).velocity", $1) }
      })
  }
}
