import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

/// Oracles: `tokenizers` and `sentencepiece` on whole texts, as fingerprints of all ids.
@Suite(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
struct TextsTests {
  private static let small = ["llama3-small", "qwen2-small", "smollm-small"]

  @Test(arguments: small + GoldenTokenizers.realNames + ["llama2.tokenizer.model"])
  func `whole texts give the ids of the references`(name: String) throws { try Self.check(name) }

  @Test(.enabled(if: FetchedModels.smolLM2 != nil, "SmolLM2 is not there: run tools/models/smollm2.py"))
  func `SmolLM2's own vocabulary gives the ids of the reference`() throws { try Self.check("smollm2") }

  private static func check(_ name: String) throws {
    let expected = try #require(
      GoldenTokenizers.decoded([String: [String: GoldenTokenizers.Fingerprinted]].self, "texts.json")[name])
    #expect(expected.count == 6)
    let tokenizer = try small.contains(name) ? GoldenTokenizers.tokenizer(name) : GoldenTokenizers.real(name)
    for (file, wanted) in expected {
      let ids = try texts(file).flatMap { text in
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
