import Foundation
import SwiftletFiles
import SwiftletLanguage

/// Documents to train on, and documents held out to judge networks by: the last part of each file.
struct LanguageCorpus: Hashable, Sendable {
  private(set) var training: [String] = []
  private(set) var heldOut: [String] = []

  /// - Parameters:
  ///   - files: texts, or zip archives of texts (`.txt`), each of which is a document.
  ///   - separator: what stands between the documents of a text; empty where a text is one document.
  ///   - share: of a file's bytes, that is held out. The document in which it begins is cut behind the line.
  /// - Throws: `RunError.unreadableText` for a file that cannot be read or holds no text.
  init(_ files: [URL], separator: String, heldOut share: Double) throws {
    for file in files {
      let documents = try Self.documents(of: file, separator: separator)
      guard !documents.isEmpty else { throw RunError.unreadableText(file, reason: "it holds no text") }
      split(documents, heldOut: share)
    }
  }

  private mutating func split(_ documents: [String], heldOut share: Double) {
    let total = documents.reduce(0) { $0 + $1.utf8.count }
    let cut = total - Int((Double(total) * share).rounded())
    var position = 0
    for document in documents {
      let length = document.utf8.count
      defer { position += length }
      guard position < cut else {
        heldOut.append(document)
        continue
      }
      guard cut < position + length else {
        training.append(document)
        continue
      }
      let bytes = document.utf8
      let start = bytes.index(bytes.startIndex, offsetBy: cut - position)
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { bytes.index(after: $0) } ?? bytes.endIndex
      training.append(String(document[..<end]))
      if end < bytes.endIndex { heldOut.append(String(document[end...])) }
    }
  }

  private static func documents(of file: URL, separator: String) throws -> [String] {
    do throws(FileError) {
      if file.pathExtension.lowercased() == "zip" {
        let archive = try ZipArchive(MappedFile(path: file.path))
        let texts = archive.members.filter { $0.name.hasSuffix(".txt") }.sorted { $0.name < $1.name }
        var documents: [String] = []
        for member in texts { documents.append(String(decoding: try archive.read(member), as: UTF8.self)) }
        return documents.filter { !$0.isEmpty }
      }
      let text = String(decoding: try [UInt8](contentsOf: FileName(file.path)), as: UTF8.self)
      return separator.isEmpty ? [text].filter { !$0.isEmpty } : LanguageText.parts(of: text, between: separator)
    } catch {
      throw RunError.unreadableText(file, reason: "it \(error)")
    }
  }
}
