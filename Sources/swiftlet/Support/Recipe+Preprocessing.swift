import SwiftletRuntime
import SwiftletTraining

extension Recipe {
  /// How the runtime turns a picture into the network's input: what `evaluationPipeline` does.
  var preprocessing: Graph.Preprocessing {
    let side = model.imageSize
    return Graph.Preprocessing(
      height: side, width: side, resize: side < 96 ? .stretch : .shortestSide(side * 8 / 7), interpolation: .bicubic,
      mean: data.mean.map(Float.init), deviation: data.deviation.map(Float.init))
  }
}
