import Foundation
import SwiftletFiles
import SwiftletLanguage
import SwiftletText

/// Windows of some texts, evenly spaced: what a compressed network is calibrated on, or judged by. In a recipe:
/// ```yaml
/// {files: [wikitext2.valid.tokens], windows: 64, window: 1024}
/// ```
public struct TextSample: Hashable, Sendable {
  /// Texts in UTF-8, each read as a whole, and side by side in this order.
  public var files: [String] = []
  /// How many windows, 1 or more; all of them where the texts have no more.
  public var windows = 256
  /// Tokens of a window, 2 or more.
  public var window = 2048

  public init(_ files: [String] = [], windows: Int = 256, window: Int = 2048) {
    (self.files, self.windows, self.window) = (files, windows, window)
  }

  /// - Parameters:
  ///   - folder: what the files lie below.
  ///   - context: the most tokens that the network reads.
  ///   - name: what errors call the sample, such as its key in a recipe.
  /// - Throws: ``RunError/unreadableText(_:reason:)`` for a file that is no text or empty, ``TextSampleError`` where the window
  ///   is longer than the context or the texts.
  public func text(
    below folder: URL? = nil, by tokenizer: Tokenizer, context: Int, named name: String = "text"
  ) throws -> LanguageText {
    do { return try windows(below: folder, by: tokenizer, context: context) } catch let error as LanguageTextError {
      throw TextSampleError(name: name, files: files, cause: error)
    }
  }

  private func windows(below folder: URL?, by tokenizer: Tokenizer, context: Int) throws -> LanguageText {
    guard window <= context else { throw LanguageTextError.beyondContext(window: window, context: context) }
    var (ids, bytes) = ([Int](), 0)
    for name in files {
      let place = name.hasPrefix("/") ? nil : folder
      let text = try Self.contents(of: place?.appending(path: name) ?? URL(filePath: name))
      // At most one token in front that begins a text, as `eval` has it.
      ids += tokenizer.encode(text, addsSpecialTokens: ids.isEmpty)
      bytes += text.utf8.count
    }
    let hasLeading = tokenizer.beginning != nil && ids.first == tokenizer.beginning
    return try LanguageText.windows(of: ids, window: window, bytes: bytes, leading: hasLeading ? 1 : 0)
      .evenlySpaced(windows)
  }

  /// A text in UTF-8 that holds something.
  ///
  /// - Throws: ``RunError/unreadableText(_:reason:)`` where it cannot be read, is none, or holds nothing.
  public static func contents(of file: URL) throws(RunError) -> String {
    let text = try utf8(of: file)
    guard text.contains(where: { !$0.isWhitespace }) else { throw .unreadableText(file, reason: "it holds no text") }
    return text
  }

  /// A text in UTF-8.
  ///
  /// - Throws: ``RunError/unreadableText(_:reason:)`` where it cannot be read, or is none.
  public static func utf8(of file: URL) throws(RunError) -> String {
    let bytes: [UInt8]
    do { bytes = try [UInt8](contentsOf: FileName(file.path)) } catch {
      throw .unreadableText(file, reason: "it \(error)")
    }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw .unreadableText(file, reason: "it is no text in UTF-8")
    }
    return text
  }
}

/// Why a sample cannot be made of its texts.
public struct TextSampleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the sample is called, such as `calibration`.
  public let name: String
  public let files: [String]
  public let cause: LanguageTextError

  public var description: String { "\(name) (\(files.joined(separator: ", "))): \(cause)" }
}

extension TextSample: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("files", \.files).checked { sample, place in
      if sample.files.isEmpty { throw RecipeError(place, "is missing: it lists the texts") }
    }
    Key("windows", \.windows, .in(1...10_000_000))
    Key("window", \.window, .in(2...1_048_576))
  }
}
