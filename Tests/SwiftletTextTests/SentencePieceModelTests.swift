import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct SentencePieceModelTests {
  /// A field of bytes.
  private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }

  private func piece(_ text: String, score: Float = 0, kind: UInt8) -> [UInt8] {
    let bits = score.bitPattern
    return field(
      1,
      field(1, Array(text.utf8)) + [2 << 3 | 5] + (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
        + [3 << 3, kind])
  }

  private func model(_ pieces: [UInt8]..., trainer: [UInt8] = [3 << 3, 2], normalizer: [UInt8] = [4 << 3, 0]) -> Data {
    Data(pieces.joined() + field(2, trainer) + field(3, normalizer))
  }

  private var three: [UInt8] { piece("<unk>", kind: 2) + piece("<s>", kind: 3) + piece("</s>", kind: 3) }

  @Test func `a model made by hand merges by score`() throws {
    let data = model(
      three, piece("▁", kind: 1), piece("a", score: -9, kind: 1), piece("b", score: -9, kind: 1),
      piece("ab", score: -1, kind: 1), piece("▁a", score: -2, kind: 1))
    let tokenizer = try Tokenizer(sentencePiece: data)
    #expect(tokenizer.encode("ab a") == [1, 3, 6, 7])
    // Unknown neighbours are one.
    #expect(tokenizer.encode("xyb", addsSpecialTokens: false) == [3, 0, 5])
    #expect(tokenizer.beginning == 1 && tokenizer.end == 2 && tokenizer.vocabularySize == 8)
  }

  @Test func `equal scores merge from the left`() throws {
    let data = model(
      three, piece("▁", kind: 1), piece("a", kind: 1), piece("b", kind: 1), piece("ba", score: -1, kind: 1),
      piece("ab", score: -1, kind: 1))
    let ids = try Tokenizer(sentencePiece: data).encode("aba", addsSpecialTokens: false)
    #expect(ids == [3, 7, 4])
  }

  @Test func `other models and normalisers are refused in a sentence`() throws {
    func sentence(_ data: Data) -> String {
      do {
        _ = try Tokenizer(sentencePiece: data)
        return "read"
      } catch {
        return "\(error)"
      }
    }
    let a = piece("a", kind: 1)
    #expect(sentence(model(three, a, trainer: [])).hasPrefix("it is a unigram model"))
    #expect(sentence(model(three, a, trainer: [3 << 3, 4])).hasPrefix("it is a character model"))
    #expect(
      sentence(model(three, a, normalizer: field(1, Array("nfkc".utf8)) + field(2, [1, 2]) + [4 << 3, 0]))
        == "its normaliser \"nfkc\" changes characters; only \"identity\" is carried out")
    #expect(sentence(model(three, a, normalizer: [])).contains("removes extra spaces"))
    #expect(sentence(model(three, a, normalizer: [4 << 3, 0, 5 << 3, 0])).contains("does not write spaces as ▁"))
    #expect(sentence(model(three, piece("u", kind: 5))).contains("is marked unused"))
    #expect(sentence(model(three, piece("u", kind: 9))).contains("unknown kind 9"))
    #expect(sentence(model(three, piece("", kind: 1))) == "token 3 is empty")
    #expect(sentence(model(three, field(1, [3 << 3, 1]))) == "token 3 is empty")
    #expect(sentence(model(three, piece("<0xZZ>", kind: 6))).contains("should be a byte"))
    #expect(sentence(model(three, piece("a", score: .nan, kind: 1))).contains("is no number"))
    #expect(sentence(model(three, piece("<unk2>", kind: 2))).contains("two unknown tokens"))
    #expect(sentence(model(piece("a", kind: 1))).contains("begins a text is 1, but there are 1"))
    #expect(sentence(Data()).contains("only byte pair encoding"))
  }

  /// Law: whatever the bytes, a file is read or refused.
  @Test func `forged models are refused without harm`() throws {
    let good = try [UInt8](Data(contentsOf: Goldens.url("small.model")))
    var random = SplitMix64(seed: 5)
    for round in 0..<60 {
      var bytes = round % 3 == 0 ? Array(good.prefix(Int.random(in: 0..<good.count, using: &random))) : good
      for _ in 0..<(bytes.isEmpty ? 0 : 8) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if let tokenizer = try? Tokenizer(sentencePiece: Data(bytes)) { _ = tokenizer.encode("Hello, world") }
    }
  }
}
