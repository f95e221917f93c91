import SwiftletNN
import SwiftletTensor

/// Hears how loud each frame of a sound is, and with what feeling somebody speaks.
///
/// Two inputs, one of which is as long as the sound, and two outputs, one of which is; a convolution and a batch norm
/// between them.
public final class Listener: Module {
  public static let bands = 6
  public static let traits = 4
  public static let feelings = 3

  @Child public var convolution: Conv1d
  @Child public var norm: BatchNorm
  @Child public var dropout: Dropout
  @Child public var loudness: Linear
  @Child public var feeling: Linear

  private init(convolution: Conv1d, norm: BatchNorm, dropout: Dropout, loudness: Linear, feeling: Linear) {
    self.convolution = convolution
    self.norm = norm
    self.dropout = dropout
    self.loudness = loudness
    self.feeling = feeling
  }

  public convenience init(width: Int, using generator: Generator) {
    self.init(
      convolution: Conv1d(inputs: Self.bands, outputs: width, kernel: 3, padding: 1, using: generator),
      norm: BatchNorm(channels: width), dropout: Dropout(rate: 0.1),
      loudness: Linear(inputs: width, outputs: 1, using: generator),
      feeling: Linear(inputs: width + Self.traits, outputs: Self.feelings, using: generator))
  }

  /// Shapes: `frames` is `[batch, frames, bands]`, `speaker` `[batch, traits]`; `loudness` `[batch, frames, 1]`, `feeling`
  /// `[batch, feelings]`.
  ///
  /// - Parameter mask: 1 in front of each sound's end and 0 behind it, `[batch, frames]`; nil where all are as long.
  public func callAsFunction(
    frames: Tensor, speaker: Tensor, mask: Tensor? = nil
  ) -> (loudness: Tensor, feeling: Tensor) {
    let heard = dropout(norm(convolution(frames.transposed(1, 2))).relu()).transposed(1, 2)  // [batch, frames, width]
    let mean =
      mask.map { (heard * $0.unsqueezed(2)).sum(along: [1]) / $0.sum(along: [1], keepingAxes: true) }
      ?? heard.mean(along: [1])
    return (loudness(heard), feeling(.concatenated([mean, speaker], along: 1)))
  }

  public func shallowCopy() -> Listener {
    Listener(convolution: convolution, norm: norm, dropout: dropout, loudness: loudness, feeling: feeling)
  }
}
