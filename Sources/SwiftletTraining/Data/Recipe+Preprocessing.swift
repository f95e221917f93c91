import SwiftletRuntime
import SwiftletVision

extension Recipe {
  /// How a picture becomes the network's input, in evaluation here and in the runtime.
  public var preprocessing: Graph.Preprocessing {
    .usual(
      height: model.imageSize.height, width: model.imageSize.width,
      proportions: data.fit.map { $0 == .crop ? .kept : .lost }, cropShare: data.cropShare,
      interpolation: data.interpolation == .bilinear ? .bilinear : .bicubic, mean: data.mean.map(Float.init),
      deviation: data.deviation.map(Float.init))
  }
}
