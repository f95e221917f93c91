import Foundation
import SwiftletLanguage
import SwiftletText
import SwiftletTraining
import TestSupport
import Testing

@Suite struct TextSampleTests {
  private static let texts = ["ä b c d e f g h ", "i j k l m n o p q r"]

  /// Bytes and a token that begins a text.
  private static func tokenizer() throws -> Tokenizer {
    var trainer = BytePairTrainer(vocabularySize: 257)
    (trainer.specialTokens, trainer.beginning, trainer.end) = (["<s>"], "<s>", nil)
    return try trainer.train(on: ["x"])
  }

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in zip(["a", "b"], texts) { try folder.write(Array(text.utf8), to: name) }
    return folder
  }

  /// Hand: two texts are one, with one token in front that begins it, and of its bytes those of the tokens that are foretold count.
  @Test func `texts are read one behind the other, in windows that are evenly spaced`() throws {
    let (folder, tokenizer) = (try Self.folder(), try Self.tokenizer())
    let ids = tokenizer.encode(Self.texts.joined())
    // 17 and 19 bytes, a token each.
    #expect(ids.count == 37 && ids.count { $0 == tokenizer.beginning } == 1)
    let all = try TextSample(["a", "b"], windows: 100, window: 5).text(below: folder.url, by: tokenizer, context: 5)
    #expect(all.stretches.count == 7 && all.stretches.joined().elementsEqual(ids.prefix(35)))
    #expect(abs(try #require(all.bytes) - 28) < 1e-9)
    let few = try TextSample(["a", "b"], windows: 3, window: 5).text(below: folder.url, by: tokenizer, context: 5)
    #expect(few.stretches == [0, 2, 4].map { all.stretches[$0] })
    #expect(abs(try #require(few.bytes) - 12) < 1e-9)
    // A path that is whole does not lie below the folder.
    let alone = try TextSample([folder.path("b")], window: 5).text(
      below: URL(filePath: "/nowhere"), by: tokenizer, context: 5)
    #expect(alone.stretches.joined().elementsEqual(tokenizer.encode(Self.texts[1])))
  }

  @Test func `a sample that cannot be made says which it is`() throws {
    let (folder, tokenizer) = (try Self.folder(), try Self.tokenizer())
    func sentence(_ sample: TextSample) -> String {
      let error = #expect(throws: (any Error).self) {
        try sample.text(below: folder.url, by: tokenizer, context: 40, named: "judged[1]")
      }
      return error.map { "\($0)" } ?? ""
    }
    #expect(
      sentence(TextSample(["a", "b"], window: 41)).hasPrefix(
        "judged[1] (a, b): a window of 41 tokens is longer than the 40"))
    #expect(
      sentence(TextSample(["a"], window: 30)).hasPrefix("judged[1] (a): the text has 18 tokens, a window takes 30"))
    try folder.write([0x61, 0x00], to: "zero")
    try folder.write(Array(" \n".utf8), to: "blank")
    #expect(
      sentence(TextSample(["zero"], window: 4)).hasSuffix("zero cannot be used as a text: it is no text in UTF-8"))
    #expect(
      sentence(TextSample(["a", "blank"], window: 4)).hasSuffix("blank cannot be used as a text: it holds no text"))
  }
}
