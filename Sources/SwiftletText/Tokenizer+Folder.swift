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
      if let settings { try apply(settings) }
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

  /// What `tokenizer_config.json` says beside a `tokenizer.model`, whose tokens are all that there are.
  private mutating func apply(_ settings: TokenizerConfiguration) throws(TokenizerError) {
    func refusal(_ what: String) -> TokenizerError {
      TokenizerError(
        .unsupported, file: "tokenizer_config.json",
        "it names \(what), which tokenizer.model lacks, and tokens beside those of a model are not carried out")
    }
    func id(of name: String?, named key: String) throws(TokenizerError) -> Int? {
      guard let name else { return nil }
      guard let id = self.id(of: name) else { throw refusal("\(name.quotedAsJSON) as \(key)") }
      return id
    }
    for (id, content) in settings.added where !(added[id]?.content.utf8.elementsEqual(content.utf8) ?? false) {
      throw refusal("\(content.quotedAsJSON) as token \(id)")
    }
    beginning = try id(of: settings.beginning, named: "bos_token") ?? beginning
    end = try id(of: settings.end, named: "eos_token") ?? end
    padding = try id(of: settings.padding, named: "pad_token") ?? padding
    prefix = settings.addsBeginning == false ? [] : [beginning].compactMap { $0 }
    suffix = settings.addsEnd == true ? [end].compactMap { $0 } : []
    chatTemplate = settings.chatTemplate
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
