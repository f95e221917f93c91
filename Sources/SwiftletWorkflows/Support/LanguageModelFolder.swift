import Foundation
import SwiftletFiles
import SwiftletModels
import SwiftletText

/// A language model as a folder holds it: the network, plain or with low-rank keys and values, and its tokenizer.
public struct LanguageModelFolder {
  public let folder: URL
  public let model: LlamaModel
  public let tokenizer: Tokenizer

  /// - Throws: `ConfigurationError` for a folder without `config.json` or one that is not understood, `CheckpointError`,
  ///   `ModuleError` and `TokenizerError` for what cannot be read.
  public init(_ folder: URL) throws {
    self.folder = folder
    model = try Self.model(folder)
    tokenizer = try Tokenizer(folder: folder)
  }

  /// Whether a folder says that it holds a language model, of a kind that is known here or not.
  public static func isLanguageModel(at folder: URL) -> Bool {
    guard let data = try? Data(contentsOf: folder.appending(path: "config.json")),
      case .object(let members)? = try? data.withUnsafeBytes({ try JSONValue(parsing: $0) }),
      case .array(let names)? = members.first(where: { $0.key == "architectures" })?.value,
      case .string(let name)? = names.first
    else { return false }
    return name.hasSuffix("ForCausalLM")
  }

  /// The network alone.
  public static func model(_ folder: URL) throws -> LlamaModel {
    LlamaModel.isLowRank(folder: folder) ? try .lowRank(folder: folder) : try LlamaModel(folder: folder)
  }

  /// Copies what belongs to the tokenizer, byte for byte.
  ///
  /// - Throws: `FileError`.
  func copyTokenizer(to other: URL) throws {
    let names = [
      "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
      "chat_template.jinja", "generation_config.json",
    ]
    for name in names {
      let file = folder.appending(path: name)
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      try AtomicFile.write([UInt8](contentsOf: FileName(file.path)), replacing: other.appending(path: name).path)
    }
  }
}
