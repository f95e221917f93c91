import SwiftletFiles
import SwiftletMedia

/// Brightness, contrast and saturation, each by a factor drawn from `1 - strength` to `1 + strength`, and hue by a share of
/// a turn drawn from `-hue` to `hue`, in random order: torchvision's `ColorJitter`.
public struct ColourJitter: Hashable, Sendable {
  public var brightness, contrast, saturation, hue: Double

  /// - Precondition: strengths are 0 or more, and `hue` is at most 0.5, half a turn either way.
  public init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
    precondition(
      brightness >= 0 && contrast >= 0 && saturation >= 0 && (0...0.5).contains(hue),
      "ColourJitter: \(brightness), \(contrast) and \(saturation) are to be 0 or more, and the hue \(hue) 0 to 0.5")
    (self.brightness, self.contrast, self.saturation, self.hue) = (brightness, contrast, saturation, hue)
  }

  func applied(to image: Image, using random: inout RandomStream) -> Image {
    var image = image
    for operation in random.permutation(hue > 0 ? 4 : 3) {
      if operation == 3 {
        image = image.hueTurned(by: random.uniform(-hue, hue))
        continue
      }
      let strength = [brightness, contrast, saturation][operation]
      guard strength > 0 else { continue }
      let factor = Float(random.uniform(max(0, 1 - strength), 1 + strength))
      image = [Image.brightness, Image.contrast, Image.saturation][operation](image)(factor)
    }
    return image
  }
}
