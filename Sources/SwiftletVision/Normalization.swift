import SwiftletMedia

/// 8-bit samples to the numbers a network sees: `(value / 255 - mean) / deviation`, per channel.
public struct Normalization: Hashable, Sendable {
  public let mean, deviation: [Float]

  /// - Precondition: as many means as deviations, 1 or 3, and the deviations are positive.
  public init(mean: [Float], deviation: [Float]) {
    precondition(
      mean.count == deviation.count && [1, 3].contains(mean.count) && deviation.allSatisfy { $0 > 0 },
      "Normalization: \(mean) and \(deviation) are not 1 or 3 means and positive deviations")
    (self.mean, self.deviation) = (mean, deviation)
  }

  public var channels: Int { mean.count }

  /// ImageNet's, which timm's DeiT uses.
  public static let imageNet = Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// CIFAR-10's.
  public static let cifar10 = Normalization(mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616])
  /// To -1...1.
  public static let half = Normalization(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
  /// MNIST's, one channel.
  public static let mnist = Normalization(mean: [0.1307], deviation: [0.3081])

  /// The 256 possible results of each channel, one channel after the other.
  package var table: [Float] {
    zip(mean, deviation).flatMap { mean, deviation in (0..<256).map { (Float($0) / 255 - mean) / deviation } }
  }
}

/// Writes `image` as planes `[channels, height, width]`, through the normalisation's table.
package func writePlanes(of image: Image, through table: [Float], to output: UnsafeMutableBufferPointer<Float>) {
  let area = image.width &* image.height
  precondition(output.count == area * image.channels && table.count == 256 * image.channels)
  image.pixels.withUnsafeBufferPointer { pixels in
    table.withUnsafeBufferPointer { table in
      if image.channels == 3 {
        for i in 0..<area {
          output[i] = table[Int(pixels[3 &* i])]
          output[area &+ i] = table[256 &+ Int(pixels[3 &* i &+ 1])]
          output[2 &* area &+ i] = table[512 &+ Int(pixels[3 &* i &+ 2])]
        }
      } else {
        for i in 0..<area { output[i] = table[Int(pixels[i])] }
      }
    }
  }
}
