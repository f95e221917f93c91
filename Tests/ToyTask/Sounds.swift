import SwiftletData
import SwiftletFiles

/// Drawn sounds of 4 to 11 frames: a feeling is a band that is louder than the others.
///
/// Of some, nobody knows who speaks; of others, nobody has written down how loud their frames are.
public struct Sounds: SampleDataset {
  private let numbers: Range<Int>
  private let stream: RandomStream
  /// Of noise that is drawn anew in every epoch.
  private let noise: Double

  /// - Parameter numbers: of the sounds of a seed, so that two sets share none.
  public init(_ numbers: Range<Int>, seed: Int, noise: Double = 0) {
    (self.numbers, stream, self.noise) = (numbers, RandomStream(seed: UInt64(seed)), noise)
  }

  public var count: Int { numbers.count }

  public var features: [FeatureDescription] {
    [
      .sequence("frames", of: [Listener.bands]), .array("speaker", [Listener.traits], isOptional: true),
      .whole("feeling"), .sequence("loudness", of: [], isOptional: true),
    ]
  }

  public func sample(_ index: Int, using random: inout RandomStream) -> [String: Feature] {
    let number = numbers.lowerBound + index
    var own = stream.child(number)
    let feeling = own.index(below: Listener.feelings)
    let loudness = (0..<4 + own.index(below: 8)).map { _ in Float(own.uniform(-1, 1)) }
    var frames: [Float] = []
    for level in loudness {
      for band in 0..<Listener.bands {
        frames.append(level + (band == 2 * feeling ? 1 : 0) + Float(0.2 * own.normal() + noise * random.normal()))
      }
    }
    var sample: [String: Feature] = ["frames": .real(frames), "feeling": .whole(feeling)]
    if number % 4 != 1 { sample["speaker"] = .real((0..<Listener.traits).map { _ in Float(own.normal()) }) }
    if number % 3 != 2 { sample["loudness"] = .real(loudness) }
    return sample
  }
}
