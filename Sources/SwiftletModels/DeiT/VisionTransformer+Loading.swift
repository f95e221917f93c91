import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor

extension VisionTransformer {
  /// A network with the weights of the file at `url`, under timm's or Hugging Face's names.
  ///
  /// Position embeddings for another image size are resampled as the library does whose names they have; everything else
  /// has to fit the configuration exactly.
  /// - Parameter trainedSize: the image size that the positions were learned for, where they may be no square.
  /// - Throws: ``ConfigurationError`` for a configuration without a network or with other parts than the weights,
  ///   ``CheckpointError`` for a file that cannot be read or mapped, ``ModuleError`` for weights that do not fit.
  public convenience init(
    _ configuration: DeiTConfiguration, weightsAt url: URL, trainedAt trainedSize: ImageSize? = nil
  ) throws {
    try self.init(configuration, Checkpoint.read(from: url), from: url.lastPathComponent, trainedAt: trainedSize)
  }

  /// The same with weights that have been read; `source` is what messages call them.
  public convenience init(
    _ configuration: DeiTConfiguration, _ dictionary: StateDictionary, from source: String,
    trainedAt trainedSize: ImageSize? = nil
  ) throws {
    try self.init(configuration, using: Generator(seed: 0))
    let foreign = dictionary.withoutSharedPrefix().state
    let names = KeyMap.visionTransformer(for: foreign)
    let weights = try configuration.adapting(
      names(foreign), trainedAt: trainedSize, antialiasing: names != .huggingFace)
    try load(weights, from: source)
  }
}
