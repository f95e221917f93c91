import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor

extension VisionTransformer {
  /// A network with the weights of the file at `url`, under timm's or Hugging Face's names.
  ///
  /// Position embeddings for another image size are resampled; everything else has to fit the configuration exactly.
  /// - Throws: ``ConfigurationError`` for a configuration without a network, ``CheckpointError`` for a file that cannot
  ///   be read or mapped, ``ModuleError`` for weights that do not fit.
  public convenience init(_ configuration: DeiTConfiguration, weightsAt url: URL) throws {
    try self.init(configuration, using: Generator(seed: 0))
    let foreign = try Checkpoint.read(from: url)
    let weights = try configuration.adapting(KeyMap.visionTransformer(for: foreign)(foreign))
    try load(weights, from: url.lastPathComponent)
  }
}
