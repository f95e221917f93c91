import SwiftletRuntime
import SwiftletTraining

extension Recipe {
  /// How the runtime turns a picture into the network's input: what `evaluationPipeline` does.
  var preprocessing: Graph.Preprocessing {
    let size = model.imageSize
    return Graph.Preprocessing(
      height: size.height, width: size.width,
      resize: size.height < 96 || !size.isSquare ? .stretch : .shortestSide(size.height * 8 / 7),
      interpolation: .bicubic,
      mean: data.mean.map(Float.init), deviation: data.deviation.map(Float.init))
  }
}
