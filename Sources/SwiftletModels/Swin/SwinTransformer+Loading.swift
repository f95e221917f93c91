import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor

extension SwinTransformer {
  /// A network with the weights of the file at `url`, under timm's names, present or earlier, or Hugging Face's.
  ///
  /// Where windows do not tile a map, the network fills the map up as the library does whose names the weights have.
  /// - Throws: ``ConfigurationError`` for a configuration without a network or with another window padding than the
  ///   weights' origin, ``CheckpointError`` for a file that cannot be read or mapped, ``ModuleError`` for weights that do
  ///   not fit.
  public convenience init(_ configuration: SwinConfiguration, weightsAt url: URL) throws {
    try self.init(configuration, Checkpoint.read(from: url), from: url.lastPathComponent)
  }

  /// The same with weights that have been read; `source` is what messages call them.
  public convenience init(_ configuration: SwinConfiguration, _ dictionary: StateDictionary, from source: String)
    throws
  {
    let foreign = dictionary.withoutSharedPrefix().state
    let origin: SwinConfiguration.WindowPadding = KeyMap.usesHuggingFaceNames(foreign) ? .beforeShift : .afterShift
    var configuration = configuration
    configuration.windowPadding = configuration.windowPadding ?? origin
    try self.init(configuration, using: Generator(seed: 0))
    try load(configuration.adapting(KeyMap.swinTransformer(foreign)), from: source)
  }
}
