import SwiftletFiles

extension Tokenizer {
  /// Reads the tokenizer of a model's folder: `tokenizer.json`, else `tokenizer.model`; beside it
  /// `tokenizer_config.json` and `chat_template.jinja`, where they are.
  ///
  /// - Throws: ``TokenizerError``, which names the file, for a folder without a tokenizer and for one that is damaged
  ///   or not carried out.
  public init(folder: URL) throws(TokenizerError) {
    let configuration = try Self.file("tokenizer_config.json", in: folder)
    if let file = try Self.file("tokenizer.json", in: folder) {
      do throws(TokenizerError) {
        try self.init(huggingFace: file, configuration: configuration)
      } catch {
        throw error.naming("tokenizer.json")
      }
    } else if let file = try Self.file("tokenizer.model", in: folder) {
      let settings = try configuration.map(TokenizerConfiguration.init)
      do throws(TokenizerError) {
        try self.init(sentencePiece: file, prefixesEveryStretch: settings?.isLegacy ?? true)
      } catch {
        throw error.naming("tokenizer.model")
      }
      chatTemplate = settings?.chatTemplate
      if settings?.addsBeginning == false { prefix = [] }
      if settings?.addsEnd == true { suffix = [end].compactMap { $0 } }
    } else {
      throw TokenizerError(.missing, "\(folder.path) has neither a tokenizer.json nor a tokenizer.model")
    }
    if let template = try Self.file("chat_template.jinja", in: folder) {
      guard let text = String(validating: template, as: UTF8.self) else {
        throw TokenizerError(.damaged, file: "chat_template.jinja", "it is not UTF-8")
      }
      chatTemplate = text
    }
  }

  /// A file's bytes, nil where there is none.
  private static func file(_ name: String, in folder: URL) throws(TokenizerError) -> Data? {
    do throws(FileError) {
      return Data(try [UInt8](contentsOf: FileName(folder.appending(path: name).path)))
    } catch {
      if error.isMissing { return nil }
      throw TokenizerError(.damaged, file: name, "\(error)")
    }
  }
}
