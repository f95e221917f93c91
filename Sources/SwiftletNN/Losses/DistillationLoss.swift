import SwiftletTensor

/// Soft cross-entropy of scores `[batch, classes]` against a teacher's, no hard labels: what ELSA trains with, at
/// temperature 1.
///
/// Both sides are divided by `temperature`; its square keeps the size of the gradient.
/// Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), section 2.
public func distillationLoss(_ scores: Tensor, teacher: Tensor, temperature: Double = 1) -> Tensor {
  distillationLoss(scores, targets: softTargets(teacher, temperature: temperature), temperature: temperature)
}

/// The same loss where the teacher's probabilities, ``softTargets(_:temperature:)``, are known.
public func distillationLoss(_ scores: Tensor, targets: Tensor, temperature: Double = 1) -> Tensor {
  if temperature == 1 { return scores.crossEntropy(targets) }
  return (scores / temperature).crossEntropy(targets) * (temperature * temperature)
}

/// The probabilities that a student learns from a teacher's scores, `[batch, classes]`.
public func softTargets(_ teacher: Tensor, temperature: Double = 1) -> Tensor {
  let teacher = teacher.detached()
  return (temperature == 1 ? teacher : teacher / temperature).softmax(along: -1)
}
