import SwiftletNN
import SwiftletTensor

extension Recipe.Optimizer {
  func make(over parameters: [(name: String, tensor: Tensor)], weightDecay: Double) -> any Optimizer {
    let groups = ParameterGroup.decaying(parameters, weightDecay: weightDecay)
    return switch self {
    case .adamW(let beta1, let beta2, let epsilon): AdamW(groups, beta1: beta1, beta2: beta2, epsilon: epsilon)
    case .sgd(let momentum, let nesterov): SGD(groups, momentum: momentum, nesterov: nesterov)
    }
  }
}

extension LearningRateSchedule {
  init(_ training: Recipe.Training, stepsPerEpoch: Int) {
    let curve: Curve =
      switch training.schedule {
      case .constant: .constant
      case .cosine(let final): .cosine(final: final)
      case .step(let epochs, let factor): .step(every: epochs * stepsPerEpoch, factor: factor)
      }
    let totalSteps = training.epochs * stepsPerEpoch
    self.init(
      peak: training.learningRate,
      warmupSteps: min(totalSteps, Int((training.warmupEpochs * Double(stepsPerEpoch)).rounded())),
      totalSteps: totalSteps, curve: curve)
  }
}
