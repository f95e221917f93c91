import SwiftletLanguage
import SwiftletModels
import SwiftletTensor

/// A network that libtorch runs, where it is judged beside one that the runtime does.
struct LlamaForecaster: Forecaster {
  private let model: LlamaModel

  init(_ model: LlamaModel) {
    model.evaluate()
    self.model = model
  }

  var vocabulary: Int { model.configuration.vocabulary }
  var contextLength: Int { model.configuration.context }

  /// A stretch goes through the network once, whole.
  func reading(_ stretch: [Int]) throws -> (_ count: Int) throws -> [Float] {
    let ids = Tensor(stretch.map(Int64.init), shape: [1, stretch.count])
    let features = withNoGradient { model.features(ids) }
    var place = 0
    return { count in
      defer { place += count }
      return withNoGradient {
        model.scores(of: features.narrowed(along: 1, from: place, count: count)).cast(to: .float32)
          .scalars(as: Float.self)
      }
    }
  }
}
