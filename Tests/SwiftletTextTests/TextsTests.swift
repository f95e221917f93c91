import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

/// Oracles: `tokenizers` and `sentencepiece` on whole texts, as fingerprints of all ids.
@Suite(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
struct TextsTests {
  private static let names = ["llama3-small", "qwen2-small", "smollm-small"] + GoldenTokenizers.realNames

  @Test(arguments: names + ["llama2.tokenizer.model"])
  func `whole texts give the ids of the references`(name: String) throws {
    let expected = try #require(
      GoldenTokenizers.decoded([String: [String: GoldenTokenizers.Fingerprinted]].self, "texts.json")[name])
    let isSmall = GoldenTokenizers.small.contains(name)
    let tokenizer = isSmall ? try GoldenTokenizers.tokenizer(name) : try GoldenTokenizers.real(name)
    // All texts for the vocabularies that are really used; for the others what shows their patterns, as the debug build
    // takes a second for a megabyte.
    let few = ["tinyshakespeare.txt", "wikitext2.valid.tokens"]
    let takesAll = GoldenTokenizers.realNames.contains(name)
    for (file, wanted) in expected where takesAll || few.contains(file) {
      let ids = try Self.texts(file).flatMap { text in
        tokenizer.encode(text, addsSpecialTokens: false, recognizesSpecialTokens: name != "llama2.tokenizer.model")
      }
      #expect(GoldenTokenizers.Fingerprinted(ids) == wanted, "\(name), \(file)")
    }
  }

  /// A file's text, an archive's one by one in the order of their names.
  static func texts(_ file: String) throws -> [String] {
    let path = try #require(GoldenTokenizers.language).appending(path: file).path
    guard file.hasSuffix(".zip") else {
      return [String(decoding: try [UInt8](contentsOf: FileName(path)), as: UTF8.self)]
    }
    let archive = try ZipArchive(MappedFile(path: path))
    return try archive.members.filter { $0.name.hasSuffix(".txt") }.sorted { $0.fileName < $1.fileName }
      .map { String(decoding: try archive.read($0), as: UTF8.self) }
  }
}
