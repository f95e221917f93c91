import SwiftletRuntime
import SwiftletTraining

extension Recipe {
  /// How the runtime turns a picture into the network's input: what `evaluationPipeline` does.
  var preprocessing: Graph.Preprocessing {
    let fit = imageFit
    let resize: Graph.Preprocessing.Resize =
      switch fit.resize {
      case .stretch(let size) where size == fit.size: .stretch
      case .stretch(let size): .stretchTo(height: size.height, width: size.width)
      case .shorterSide(let side): .shortestSide(side)
      case .cover(let size): .cover(height: size.height, width: size.width)
      }
    return Graph.Preprocessing(
      height: fit.size.height, width: fit.size.width, resize: resize,
      interpolation: fit.resampling == .bilinear ? .bilinear : .bicubic, mean: data.mean.map(Float.init),
      deviation: data.deviation.map(Float.init))
  }
}
