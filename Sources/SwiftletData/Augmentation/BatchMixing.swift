import SwiftletFiles

/// Mixup and cutmix: each picture of a batch is mixed with the one as far from the other end, and so are the targets.
///
/// Source: Zhang et al., "mixup" (2018); Yun et al., "CutMix" (2019); one draw a batch and a smoothed target, as timm does for DeiT.
public struct BatchMixing: Hashable, Sendable {
  /// The Beta distributions' parameters; 0 leaves a method out.
  public var mixup, cutmix: Double
  /// How often a batch is mixed at all, and how often it is cutmix where both are on.
  public var probability, switchProbability: Double
  /// The share of each target that is spread over all classes.
  public var labelSmoothing: Double

  public init(
    mixup: Double = 0.8, cutmix: Double = 1, probability: Double = 1, switchProbability: Double = 0.5,
    labelSmoothing: Double = 0.1
  ) {
    precondition(
      mixup >= 0 && cutmix >= 0 && (0...1).contains(probability) && (0...1).contains(switchProbability)
        && (0..<1).contains(labelSmoothing),
      "BatchMixing: mixup \(mixup) and cutmix \(cutmix) are 0 or more, probabilities and smoothing in 0...1")
    (self.mixup, self.cutmix, self.probability) = (mixup, cutmix, probability)
    (self.switchProbability, self.labelSmoothing) = (switchProbability, labelSmoothing)
  }

  /// Mixes the pictures and sets the targets, `[count, classes]`.
  func apply(to batch: inout HostImageBatch, classes: Int, using random: inout RandomStream) {
    var share = 1.0
    if mixup + cutmix > 0, random.chance(probability) {
      let cuts = cutmix > 0 && (mixup == 0 || random.chance(switchProbability))
      share = random.symmetricBeta(cuts ? cutmix : mixup)
      share = cuts ? cut(&batch, share: share, using: &random) : mix(&batch, share: share)
    }
    let low = Float(labelSmoothing) / Float(classes)
    let high = 1 - Float(labelSmoothing)
    var targets = [Float](repeating: low, count: batch.count * classes)
    for i in 0..<batch.count {
      let partner = Int(batch.labels[batch.count - 1 - i])
      targets[i * classes + Int(batch.labels[i])] += high * Float(share)
      targets[i * classes + partner] += high * Float(1 - share)
    }
    batch.targets = targets
  }

  private func mix(_ batch: inout HostImageBatch, share: Double) -> Double {
    let size = batch.images.count / max(1, batch.count)
    let own = Float(share)
    let other = Float(1 - share)
    batch.images.withUnsafeMutableBufferPointer { images in
      for i in 0..<batch.count / 2 {
        let first = i * size
        let second = (batch.count - 1 - i) * size
        for k in 0..<size {
          let (a, b) = (images[first &+ k], images[second &+ k])
          images[first &+ k] = own * a + other * b
          images[second &+ k] = own * b + other * a
        }
      }
    }
    return share
  }

  /// Exchanges a rectangle of `1 - share` of the area, less what lies outside; returns the share that stayed.
  private func cut(_ batch: inout HostImageBatch, share: Double, using random: inout RandomStream) -> Double {
    let side = (1 - share).squareRoot()
    let halfHeight = Int(Double(batch.height) * side) / 2
    let halfWidth = Int(Double(batch.width) * side) / 2
    let y = random.index(below: batch.height)
    let x = random.index(below: batch.width)
    let rows = max(0, y - halfHeight)..<min(batch.height, y + halfHeight)
    let columns = max(0, x - halfWidth)..<min(batch.width, x + halfWidth)
    let size = batch.images.count / max(1, batch.count)
    batch.images.withUnsafeMutableBufferPointer { images in
      for i in 0..<batch.count / 2 {
        for channel in 0..<batch.channels {
          for row in rows {
            let line = (channel * batch.height + row) * batch.width
            for column in columns {
              images.swapAt(i * size + line + column, (batch.count - 1 - i) * size + line + column)
            }
          }
        }
      }
    }
    return 1 - Double(rows.count * columns.count) / Double(batch.height * batch.width)
  }
}
