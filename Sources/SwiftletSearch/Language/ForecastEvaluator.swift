import SwiftletCompression
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletPlans
import SwiftletTensor
import SwiftletTraining

/// Judges plans for the keys and values of a language model by how far its forecasts of a text move, with what a cache would
/// give back in the place of what was put in.
public final class ForecastEvaluator: PlanEvaluator {
  public let identity: Fingerprint
  let model: LlamaModel
  private let reference: LanguageReference
  let decompositions: KeyValueDecompositions

  /// - Parameters:
  ///   - decompositions: of the network, which remember what they made.
  ///   - calibration: the text that they come from.
  ///   - text: what plans are judged by.
  public init(
    of model: LlamaModel, _ decompositions: KeyValueDecompositions, calibratedOn calibration: LanguageText,
    judgedBy text: LanguageText
  ) throws {
    (self.model, self.decompositions) = (model, decompositions)
    reference = try LanguageReference(model, on: text)
    var identity = Fingerprint(.scattered)
    identity.mix(model)
    identity.mix(decompositions.method.description)
    for part in [calibration, text] { identity.mix(part) }
    self.identity = identity
  }

  public var summary: String { "\(reference.text.targets) held-out tokens" }

  public func score(of plan: CompressionPlan) throws -> ForecastScore {
    let network = try model.decomposed(to: plan, with: decompositions)
    do {
      let found = try LanguageEvaluation(of: network, against: reference)
      return ForecastScore(
        divergence: found.divergence?.mean ?? .nan, loss: found.score.natsPerToken,
        agreement: found.divergence?.top1Agreement ?? 0, tokens: found.score.targets)
    } catch LanguageTextError.notFinite {
      return ForecastScore(divergence: .nan, loss: .nan, agreement: 0, tokens: reference.text.targets)
    }
  }
}

extension Fingerprint {
  /// The weights of a language model, and all that its configuration says.
  package mutating func mix(_ model: LlamaModel) {
    mix(weightsOf: model)
    var shape = ""
    dump(model.configuration, to: &shape)
    mix(shape)
  }

  /// The ids of all stretches.
  package mutating func mix(_ text: LanguageText) {
    mix(text.stretches.count)
    for stretch in text.stretches {
      mix(stretch.count)
      for id in stretch { mix(id) }
    }
  }
}
