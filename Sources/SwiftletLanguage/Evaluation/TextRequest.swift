import SwiftletFiles
import SwiftletText

/// A text file that language models are judged by, and how it is cut.
public struct TextRequest: Hashable, Sendable {
  public var path: String
  /// Tokens of a window, or how many of a document are foretold at most; nil is 2,048, or the model's context where that is
  /// shorter.
  public var window: Int?
  /// What stands between documents that are read alone, not empty; nil reads the text as a whole.
  public var separator: String?
  /// Takes only so many windows, or documents.
  public var limit: Int?

  public init(_ path: String, window: Int? = nil, separator: String? = nil, limit: Int? = nil) {
    (self.path, self.window, self.separator, self.limit) = (path, window, separator, limit)
  }

  /// - Parameter context: how many tokens the models read.
  /// - Throws: ``LanguageTextError`` for a window that does not fit, a file that cannot be read or is no text, and a text that is
  ///   too short.
  public func stretches(
    by tokenizer: Tokenizer, context: Int
  ) throws(LanguageTextError) -> (text: LanguageText, window: Int) {
    let window = window ?? min(2048, context)
    guard window > 1 else { throw .windowTooShort(window) }
    guard window <= context else { throw .beyondContext(window: window, context: context) }
    let text = try contents()
    guard let separator else {
      return (try LanguageText.windows(of: text, by: tokenizer, window: window, limit: limit), window)
    }
    return (
      try LanguageText.documents(of: text, between: separator, by: tokenizer, window: window, limit: limit), window
    )
  }

  private func contents() throws(LanguageTextError) -> String {
    let bytes: [UInt8]
    do { bytes = try [UInt8](contentsOf: FileName(path)) } catch { throw .unreadable(path: path, reason: "\(error)") }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw .unreadable(path: path, reason: "is no text in UTF-8")
    }
    return text
  }
}
