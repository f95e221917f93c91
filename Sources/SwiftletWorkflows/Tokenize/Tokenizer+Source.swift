import Foundation
import SwiftletFiles
import SwiftletText

extension Tokenizer {
  /// The tokenizer of a model: of a folder as Hugging Face lays it out, or of one file, which is told by its content: a
  /// `tokenizer.json`, SentencePiece's `tokenizer.model`, or GGUF.
  ///
  /// A file stands for itself: what `tokenizer_config.json` says is heeded in a folder alone.
  /// - Throws: ``ImportError``.
  public init(ofModelAt path: String) throws(ImportError) {
    do {
      switch try FileIdentity(path: path)?.kind {
      case nil: throw ImportError(.missing, "is not there", path: path)
      case .folder:
        let names = ["tokenizer.json", "tokenizer.model"]
        let folder = URL(filePath: path)
        guard names.contains(where: { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }) else {
          throw ImportError(
            .missing, "holds no tokenizer: \(names.joined(separator: " and ")) are looked for", path: path)
        }
        try self.init(folder: folder)
      default: try self.init(file: MappedFile(path: path), path: path)
      }
    } catch let error as ImportError {
      throw error
    } catch let error as TokenizerError {
      throw ImportError(error, path: path)
    } catch let error as FileError {
      throw ImportError(error, path: path)
    } catch {
      throw ImportError(.damaged, "\(error)", path: path)
    }
  }

  private init(file: MappedFile, path: String) throws {
    let first = file.bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
    if GGUFFile.begins(file.bytes) {
      try self.init(gguf: GGUFVocabulary(GGUFFile(file)))
    } else if first == UInt8(ascii: "{") {
      try self.init(huggingFace: Data(file.bytes))
    } else if file.bytes.first == Self.firstPiece {
      try self.init(sentencePiece: Data(file.bytes))
    } else {
      throw ImportError(
        .unsupported,
        "is neither a folder with a tokenizer, nor a tokenizer.json, nor a tokenizer.model of SentencePiece, nor a GGUF "
          + "file: bring the model in with swiftlet import, and give its folder", path: path)
    }
  }

  /// How a model of SentencePiece begins: field 1, a message.
  private static let firstPiece: UInt8 = 0x0a
}
