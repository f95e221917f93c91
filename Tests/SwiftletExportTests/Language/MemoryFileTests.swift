import Foundation
import SwiftletFiles
import SwiftletLanguage
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletExport

/// What a model has read, as a file: read again it goes on bit for bit, and whatever else lies there is refused.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MemoryFileTests {
  private typealias Models = LanguageModelExportTests

  @Test(arguments: [1, 255, 256, 300]) func `a text goes on as if it had not been interrupted`(count: Int) throws {
    let model = try Models.exported(Models.Shape().model(), numbers: .float16)
    let tokens = Models.tokens(count + 1)
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "text")
    var text = model.makeSequence()
    _ = try model.scores(after: Array(tokens.dropLast()), in: &text)
    try model.write(text, to: file)
    #expect(LanguageModel.isReadText(at: file))
    var again = try model.sequence(contentsOf: file)
    #expect(again.tokens == text.tokens && again.byteCount == text.byteCount)
    let next = Array(tokens.suffix(1))
    #expect(try model.scores(after: next, in: &again) == model.scores(after: next, in: &text))
  }

  @Test func `another model, a cut file and a flipped bit are refused`() throws {
    let model = try Models.exported(Models.Shape().model(), numbers: .float16)
    let other = try Models.exported(Models.Shape().model(seed: 2), numbers: .float16)
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "text")
    var text = model.makeSequence()
    _ = try model.scores(after: Models.tokens(20), in: &text)
    try model.write(text, to: file)
    func refusal(_ reader: LanguageModel = model) -> String? {
      do throws(LanguageError) {
        _ = try reader.sequence(contentsOf: file)
        return nil
      } catch {
        guard case .memoryFile(let path, let reason) = error, path == file.path else { return "\(error)" }
        return reason
      }
    }
    #expect(refusal() == nil)
    #expect(refusal(other) == "another model has written it")
    #expect(throws: LanguageError.foreignSequence) { try other.write(text, to: file) }
    let whole = try Data(contentsOf: file)
    var random = SplitMix64(seed: 17)
    for _ in 0..<40 {
      try whole.prefix(Int.random(in: 0..<whole.count, using: &random)).write(to: file)
      #expect(refusal() != nil)
      var forged = whole
      let place = Int.random(in: 0..<whole.count, using: &random)
      forged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try forged.write(to: file)
      // Spaces that fill the header up may become other ones.
      #expect(refusal() != nil || forged[place] == UInt8(ascii: " "), "byte \(place)")
    }
    try Data("no text".utf8).write(to: file)
    #expect(refusal() != nil && !LanguageModel.isReadText(at: file))
  }

  @Test func `texts with one beginning share it, and go their own ways`() throws {
    let model = try Models.exported(Models.Shape().model(), numbers: .float16)
    let (start, left, right) = (Models.tokens(270), Models.tokens(9, seed: 5), Models.tokens(9, seed: 6))
    var text = model.makeSequence()
    _ = try model.scores(after: start, in: &text)
    var texts = [text, text]
    for index in 0..<9 { _ = try model.scores(after: [left[index], right[index]], in: &texts) }
    let together = try model.scores(after: [1, 1], in: &texts)
    for (own, scores) in zip([left, right], together) {
      var alone = model.makeSequence()
      #expect(try model.scores(after: start + own + [1], in: &alone) == scores)
    }
    #expect(text.count == 270)
    texts[0].truncate(to: 270)
    #expect(try model.scores(after: [left[0]], in: &texts[0]) == model.scores(after: [left[0]], in: &text))
  }
}
