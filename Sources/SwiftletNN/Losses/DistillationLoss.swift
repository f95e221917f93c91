import SwiftletTensor

/// Soft cross-entropy of scores `[batch, classes]` against a teacher's, no hard labels: what ELSA trains with, at
/// temperature 1.
///
/// Both sides are divided by `temperature`; its square keeps the size of the gradient.
/// Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), section 2.
public func distillationLoss(_ scores: Tensor, teacher: Tensor, temperature: Double = 1) -> Tensor {
  let teacher = teacher.detached()
  if temperature == 1 { return scores.crossEntropy(teacher.softmax(along: -1)) }
  let targets = (teacher / temperature).softmax(along: -1)
  return (scores / temperature).crossEntropy(targets) * (temperature * temperature)
}
