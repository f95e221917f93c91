import SwiftletRuntime

extension Graph.Preprocessing {
  /// What becomes of a picture's proportions.
  public enum Proportions: Hashable, Sendable {
    /// They stay, and what is too much is cropped on both sides.
    case kept
    /// They are lost.
    case lost
  }

  /// How pictures of any size become a network's input, where nobody says all of it.
  ///
  /// - Parameters:
  ///   - proportions: nil keeps them and crops the middle, and takes a picture whole where the network sees less than 96
  ///     pixels a side or no square.
  ///   - cropShare: the network's size as a share of the size that pictures are resized to before the middle is cropped,
  ///     0.1...1; nil is 0.875, 224 of 256 pixels as the field evaluates on ImageNet, where the proportions are open too
  ///     and a picture is not taken whole, and 1 otherwise.
  public static func usual(
    height: Int, width: Int, proportions: Proportions? = nil, cropShare: Double? = nil,
    interpolation: Interpolation = .bicubic, mean: [Float], deviation: [Float]
  ) -> Graph.Preprocessing {
    let isSquare = height == width
    let isTakenWhole = height < 96 || !isSquare
    let share = cropShare ?? (proportions == nil && !isTakenWhole ? 0.875 : 1)
    // Rounded down, as timm does.
    let scaled = (height: Int(Double(height) / share), width: Int(Double(width) / share))
    let resize: Resize =
      switch proportions ?? (isTakenWhole && cropShare == nil ? .lost : .kept) {
      case .lost where scaled == (height, width): .stretch
      case .lost: .stretchTo(height: scaled.height, width: scaled.width)
      case .kept where isSquare: .shortestSide(scaled.height)
      case .kept: .cover(height: scaled.height, width: scaled.width)
      }
    return Graph.Preprocessing(
      height: height, width: width, resize: resize, interpolation: interpolation, mean: mean, deviation: deviation)
  }
}
