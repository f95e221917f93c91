import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletTensor
import SwiftletText
import TestSupport

/// Folders of language models that are small enough for a test.
enum SmallLanguageModel {
  static let text = (0..<30).map { "Line \($0) of a text — it goes on.\n" }.joined()

  /// A folder with a random network, and a tokenizer that was trained on the text.
  static func make(
    seed: UInt64, in folder: TemporaryFolder, named name: String, heads: Int = 2, keyHeads: Int = 2, layers: Int = 1,
    context: Int = 40
  ) throws -> String {
    var trainer = BytePairTrainer(vocabularySize: 280)
    trainer.beginning = "<|endoftext|>"
    let tokenizer = try trainer.train(on: [text])
    var shape = LlamaConfiguration(
      vocabulary: tokenizer.vocabularySize, width: 8 * heads, hidden: 24, layers: layers, heads: heads,
      keyHeads: keyHeads, context: context)
    shape.beginningToken = tokenizer.beginning
    let place = folder.url.appending(path: name)
    try write(try LlamaModel(shape, using: Generator(seed: seed)), tokenizer, to: place)
    return place.path
  }

  static func write(_ model: LlamaModel, _ tokenizer: Tokenizer, to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let files = try tokenizer.huggingFaceFiles()
    try Data(model.configuration.huggingFace()).write(to: folder.appending(path: "config.json"))
    try files.tokenizer.write(to: folder.appending(path: "tokenizer.json"))
    try files.configuration.write(to: folder.appending(path: "tokenizer_config.json"))
    try Checkpoint.write(model.stateDictionary(), to: folder.appending(path: "model.safetensors"))
  }
}
