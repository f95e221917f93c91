import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletText

/// The two files that a tokenizer is in a folder of Hugging Face.
struct TokenizerFiles {
  let tokenizer, configuration: Data

  /// - Parameter vocabularySize: rows of the table of embeddings.
  private init(_ made: @autoclosure () throws -> Tokenizer, vocabularySize: Int, path: String) throws {
    do {
      let tokenizer = try made()
      try Self.check(tokenizer, vocabularySize: vocabularySize)
      (self.tokenizer, configuration) = try tokenizer.huggingFaceFiles()
    } catch let error as TokenizerError {
      throw ImportError(error, path: path)
    } catch let error as FileError {
      throw ImportError(error, path: path)
    }
  }

  private static func check(_ tokenizer: Tokenizer, vocabularySize: Int) throws(TokenizerError) {
    guard tokenizer.vocabularySize <= vocabularySize else {
      throw TokenizerError(
        .damaged, "its tokenizer has \(tokenizer.vocabularySize) tokens, the network knows \(vocabularySize)")
    }
  }

  init(gguf file: GGUFFile, vocabularySize: Int, path: String) throws {
    try self.init(Tokenizer(gguf: GGUFVocabulary(file)), vocabularySize: vocabularySize, path: path)
  }

  init(llama2C url: URL, vocabularySize: Int) throws {
    try self.init(
      Tokenizer(llama2c: Data([UInt8](contentsOf: FileName(url.path))), vocabularySize: vocabularySize),
      vocabularySize: vocabularySize, path: url.path)
  }

  /// Those of a folder, byte for byte where it has them; a SentencePiece model becomes them.
  init(inFolder folder: URL, vocabularySize: Int) throws {
    let names = ["tokenizer.json", "tokenizer.model"]
    guard names.contains(where: { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }) else {
      throw ImportError(
        .missing, "holds no tokenizer: \(names.joined(separator: " and ")) are looked for", path: folder.path)
    }
    let made = try Self(Tokenizer(folder: folder), vocabularySize: vocabularySize, path: folder.path)
    func content(_ name: String) throws(ImportError) -> Data? {
      let path = folder.appending(path: name).path
      do { return try [UInt8](ifThere: FileName(path)).map { Data($0) } } catch {
        throw ImportError(error, path: path)
      }
    }
    guard let own = try content("tokenizer.json") else {
      self = made
      return
    }
    tokenizer = own
    let settings = try content("tokenizer_config.json") ?? made.configuration
    // Newer folders have the template of conversations in a file of its own.
    guard let template = try content("chat_template.jinja") else {
      configuration = settings
      return
    }
    var value = try settings.withUnsafeBytes { try JSONValue(parsing: $0, comparingKeysByBytes: true) }
    value.set("chat_template", to: .string(String(decoding: template, as: UTF8.self)))
    configuration = Data(value.prettyBytes)
  }
}
