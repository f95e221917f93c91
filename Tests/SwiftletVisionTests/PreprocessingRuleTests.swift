import SwiftletMedia
import SwiftletRuntime
import SwiftletVision
import TestSupport
import Testing

/// Oracle: timm's `transforms_imagenet_eval`, and by hand.
@Suite struct PreprocessingRuleTests {
  private func usual(
    _ height: Int, _ width: Int, _ proportions: Graph.Preprocessing.Proportions? = nil, cropShare: Double? = nil
  ) -> Graph.Preprocessing.Resize {
    Graph.Preprocessing.usual(
      height: height, width: width, proportions: proportions, cropShare: cropShare, mean: [0.5], deviation: [0.5]
    ).resize
  }

  @Test func `what nobody says is as the field evaluates`() {
    #expect(usual(224, 224) == .shortestSide(256))
    #expect(usual(96, 96) == .shortestSide(109))
    #expect(usual(95, 95) == .stretch)
    #expect(usual(32, 32) == .stretch)
    #expect(usual(224, 192) == .stretch)
    #expect(usual(224, 224, cropShare: 0.9) == .shortestSide(248))
    #expect(usual(32, 32, cropShare: 0.9) == .shortestSide(35))
    #expect(usual(96, 128, cropShare: 0.8) == .cover(height: 120, width: 160))
  }

  @Test func `who says what becomes of the proportions crops nothing else`() {
    #expect(usual(224, 224, .kept) == .shortestSide(224))
    #expect(usual(224, 224, .lost) == .stretch)
    #expect(usual(224, 224, .lost, cropShare: 0.875) == .stretchTo(height: 256, width: 256))
    #expect(usual(96, 128, .kept) == .cover(height: 96, width: 128))
  }

  /// Oracle: the steps one after the other.
  @Test func `every way to resize fits a picture by its steps`() {
    var random = SplitMix64(seed: 5)
    let image = Image(width: 31, height: 17, channels: 3, pixels: random.bytes(31 * 17 * 3))
    func fitted(_ resize: Graph.Preprocessing.Resize) -> Image {
      Graph.Preprocessing(height: 6, width: 8, resize: resize).fitted(image)
    }
    #expect(fitted(.stretch) == image.resized(width: 8, height: 6, .bicubic))
    #expect(
      fitted(.stretchTo(height: 9, width: 10))
        == image.resized(width: 10, height: 9, .bicubic).centreCropped(width: 8, height: 6))
    #expect(
      fitted(.shortestSide(9)) == image.resized(shorterSide: 9, .bicubic).centreCropped(width: 8, height: 6))
    #expect(
      fitted(.cover(height: 7, width: 12))
        == image.resized(toCover: 12, by: 7, .bicubic).centreCropped(width: 8, height: 6))
  }
}
