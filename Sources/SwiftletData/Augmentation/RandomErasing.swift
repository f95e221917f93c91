import Foundation
import SwiftletFiles

/// Replaces a random rectangle of a normalised picture by noise of mean 0 and deviation 1 (timm's `pixel` mode, one rectangle).
///
/// Source: Zhong et al., "Random Erasing Data Augmentation" (2020), with timm's ranges.
public struct RandomErasing: Hashable, Sendable {
  public var probability: Double
  /// Shares of the picture's area, and height over width.
  public var area, ratio: ClosedRange<Double>

  public init(
    probability: Double = 0.25, area: ClosedRange<Double> = 0.02...1.0 / 3, ratio: ClosedRange<Double> = 0.3...1 / 0.3
  ) {
    precondition(
      (0...1).contains(probability) && area.lowerBound >= 0 && area.upperBound <= 1 && ratio.lowerBound > 0,
      "RandomErasing(probability: \(probability), area: \(area), ratio: \(ratio)): shares lie in 0...1, ratios above 0")
    (self.probability, self.area, self.ratio) = (probability, area, ratio)
  }

  /// - Parameter planes: `[channels, height, width]`.
  func apply(
    to planes: UnsafeMutableBufferPointer<Float>, channels: Int, height: Int, width: Int,
    using random: inout RandomStream
  ) {
    guard random.chance(probability) else { return }
    for _ in 0..<10 {
      let wanted = Double(width * height) * random.uniform(area.lowerBound, area.upperBound)
      let shape = exp(random.uniform(log(ratio.lowerBound), log(ratio.upperBound)))
      let h = Int((wanted * shape).squareRoot().rounded())
      let w = Int((wanted / shape).squareRoot().rounded())
      guard w < width, h < height else { continue }
      let top = random.index(below: height - h + 1)
      let left = random.index(below: width - w + 1)
      for channel in 0..<channels {
        for y in top..<top + h {
          let row = (channel * height + y) * width + left
          for x in 0..<w { planes[row + x] = Float(random.normal()) }
        }
      }
      return
    }
  }
}
