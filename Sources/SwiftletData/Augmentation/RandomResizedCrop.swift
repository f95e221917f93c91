import Foundation
import SwiftletFiles
import SwiftletMedia

/// A part of the picture of random area and proportions, resized to `width` x `height`.
///
/// Source: Szegedy et al., "Going Deeper with Convolutions" (2015), section 6, with torchvision's ten attempts and its middle crop after them.
public struct RandomResizedCrop: Hashable, Sendable {
  public var width, height: Int
  /// Shares of the picture's area, and width over height.
  public var area, ratio: ClosedRange<Double>
  public var resampling: Resampling

  public init(
    width: Int, height: Int, area: ClosedRange<Double> = 0.08...1, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3,
    resampling: Resampling = .bicubic
  ) {
    precondition(
      width > 0 && height > 0 && area.lowerBound > 0 && area.upperBound <= 1 && ratio.lowerBound > 0,
      "RandomResizedCrop(width: \(width), height: \(height), area: \(area), ratio: \(ratio)): shares of the area lie in "
        + "0...1, ratios above 0")
    (self.width, self.height, self.area, self.ratio, self.resampling) = (width, height, area, ratio, resampling)
  }

  /// Resized to a square.
  public init(size: Int, area: ClosedRange<Double> = 0.08...1) { self.init(width: size, height: size, area: area) }

  func applied(to image: Image, using random: inout RandomStream) -> Image {
    image.resized(
      from: box(width: image.width, height: image.height, using: &random), width: width, height: height, resampling)
  }

  func box(width: Int, height: Int, using random: inout RandomStream) -> Box {
    for _ in 0..<10 {
      let wanted = Double(width * height) * random.uniform(area.lowerBound, area.upperBound)
      let shape = exp(random.uniform(log(ratio.lowerBound), log(ratio.upperBound)))
      let w = Int((wanted * shape).squareRoot().rounded())
      let h = Int((wanted / shape).squareRoot().rounded())
      if w > 0, h > 0, w <= width, h <= height {
        let x = random.index(below: width - w + 1)
        let y = random.index(below: height - h + 1)
        return Box(x: Double(x), y: Double(y), width: Double(w), height: Double(h))
      }
    }
    let whole = Double(width) / Double(height)
    var (w, h) = (width, height)
    if whole < ratio.lowerBound { h = min(height, max(1, Int((Double(width) / ratio.lowerBound).rounded()))) }
    if whole > ratio.upperBound { w = min(width, max(1, Int((Double(height) * ratio.upperBound).rounded()))) }
    return Box(x: Double((width - w) / 2), y: Double((height - h) / 2), width: Double(w), height: Double(h))
  }
}
