import SwiftletMedia

/// Brightness, contrast and saturation, each by a factor drawn from `1 - strength` to `1 + strength`, in random order (torchvision's, without hue).
public struct ColourJitter: Hashable, Sendable {
  public var brightness, contrast, saturation: Double

  public init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0) {
    precondition(
      brightness >= 0 && contrast >= 0 && saturation >= 0,
      "ColourJitter: \(brightness), \(contrast) and \(saturation) are to be 0 or more")
    (self.brightness, self.contrast, self.saturation) = (brightness, contrast, saturation)
  }

  func applied(to image: Image, using random: inout RandomStream) -> Image {
    var image = image
    for operation in random.permutation(3) {
      let strength = [brightness, contrast, saturation][operation]
      guard strength > 0 else { continue }
      let factor = Float(random.uniform(max(0, 1 - strength), 1 + strength))
      image = [Image.brightness, Image.contrast, Image.saturation][operation](image)(factor)
    }
    return image
  }
}
