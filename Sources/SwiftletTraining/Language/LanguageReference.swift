import SwiftletLanguage
import SwiftletModels
import SwiftletTensor

/// What a network makes of a text, kept, so that comparing many others with it costs its blocks once.
///
/// Of each token the features are kept, `width` float32 numbers, and not the forecasts, a hundred times as many.
public struct LanguageReference {
  public let model: LlamaModel
  public let text: LanguageText
  /// Of each batch of the text, `[stretches, tokens, width]`.
  let features: [Tensor]

  /// - Parameter progress: told after each batch how many tokens of all are done.
  /// - Throws: `LanguageTextError` for tokens that the network does not know, what `progress` throws.
  public init(
    _ model: LlamaModel, on text: LanguageText,
    progress: (_ done: Int, _ targets: Int) throws -> Void = { _, _ in }
  ) throws {
    try text.check(vocabulary: model.configuration.vocabulary)
    model.evaluate()
    (self.model, self.text) = (model, text)
    let targets = text.targets
    var (features, done) = ([Tensor](), 0)
    for batch in text.batches {
      let ids = text.ids(batch).read
      features.append(withNoGradient { model.features(ids) })
      done += ids.count
      try progress(done, targets)
    }
    self.features = features
  }
}
