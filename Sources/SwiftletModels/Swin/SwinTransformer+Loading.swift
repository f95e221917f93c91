import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor

extension SwinTransformer {
  /// A network with the weights of the file at `url`, under timm's names, present or earlier, or Hugging Face's.
  ///
  /// Tables of relative positions are resampled to the configuration's windows.
  /// - Throws: ``ConfigurationError`` for a configuration without a network, or one that does not say how maps are filled
  ///   up where the libraries differ, ``CheckpointError`` for a file that cannot be read or mapped, ``ModuleError`` for weights that do
  ///   not fit.
  public convenience init(_ configuration: SwinConfiguration, weightsAt url: URL) throws {
    try self.init(configuration, Checkpoint.read(from: url), from: url.lastPathComponent)
  }

  /// The same with weights that have been read; `source` is what messages call them.
  public convenience init(_ configuration: SwinConfiguration, _ dictionary: StateDictionary, from source: String) throws
  {
    let foreign = dictionary.withoutSharedPrefix().state
    try configuration.checkPadding(isHuggingFace: KeyMap.usesHuggingFaceNames(foreign))
    try self.init(configuration, using: Generator(seed: 0))
    try load(configuration.adapting(KeyMap.swinTransformer(foreign)), from: source)
  }
}

extension SwinConfiguration {
  /// Checks that the configuration says in which order maps are shifted and filled up, where that depends on the origin.
  fileprivate func checkPadding(isHuggingFace: Bool) throws(ConfigurationError) {
    let fillsUp = stages.first { $0.depth > 1 && $0.shift > 0 && !$0.side.isMultiple(of: $0.window) }
    guard let stage = fillsUp, isHuggingFace ? windowPadding == .afterShift : windowPadding == nil else { return }
    throw ConfigurationError(
      "windows of \(stage.window) do not tile a map of \(stage.side) x \(stage.side) tokens: "
        + (isHuggingFace
          ? "Hugging Face fills it up before the shift, set windowPadding: beforeShift"
          : "timm fills it up after the shift, set windowPadding: afterShift, or beforeShift for weights of other origin")
    )
  }
}
