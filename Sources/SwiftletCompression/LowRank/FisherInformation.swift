import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

extension LlamaModel {
  /// What the weights of keys and values are worth for foretelling a text: of each projection the mean over its weights of
  /// `sqrt(mean of squared gradients)`, each gradient that of one batch's mean cross-entropy.
  ///
  /// Gradients are float32. Source: Chang et al., "Palu" (2025), section 3.3; its released code shifts the labels twice, so
  /// that it asks for the token after the next, and computes in 16 bits, where small gradients vanish. Neither is done here.
  /// - Parameter batches: token ids, `[batch, tokens]` each, of at least two tokens.
  /// - Returns: by path, as slots name it.
  public func fisherInformation(
    on batches: [Tensor], progress: (_ batch: Int) throws -> Void = { _ in }
  ) throws -> [String: Double] {
    let paths = slots.filter(\.kind.isCached).map { $0.path + ".weight" }
    let weights = namedParameters().filter { paths.contains($0.path) }
    var squares = weights.map { Tensor.zeros($0.tensor.shape, device: $0.tensor.device) }
    for (number, ids) in batches.enumerated() {
      let tokens = ids.shape[1]
      let scores = self(ids.narrowed(along: 1, from: 0, count: tokens - 1)).cast(to: .float32)
      let wanted = ids.narrowed(along: 1, from: 1, count: tokens - 1)
      let loss = scores.reshaped([-1, configuration.vocabulary]).crossEntropy(wanted.reshaped([-1]))
      let gradients = loss.gradients(withRespectTo: weights.map(\.tensor))
      withNoGradient {
        for case (let index, let gradient?) in gradients.enumerated() {
          squares[index] = squares[index] + gradient * gradient * (1 / Double(batches.count))
        }
      }
      try progress(number)
    }
    return withNoGradient {
      Dictionary(
        uniqueKeysWithValues: zip(weights, squares).map { weight, square in
          (String(weight.path.dropLast(".weight".count)), square.sqrt().mean().item())
        })
    }
  }
}
