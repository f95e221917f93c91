import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor

extension SwinTransformer {
  /// A network with the weights of the file at `url`, under timm's names, present or earlier, or Hugging Face's.
  ///
  /// - Throws: ``ConfigurationError`` for a configuration without a network, ``CheckpointError`` for a file that cannot
  ///   be read or mapped, ``ModuleError`` for weights that do not fit.
  public convenience init(_ configuration: SwinConfiguration, weightsAt url: URL) throws {
    try self.init(configuration, using: Generator(seed: 0))
    let foreign = try Checkpoint.read(from: url)
    try load(KeyMap.swinTransformer(foreign), from: url.lastPathComponent)
  }
}
