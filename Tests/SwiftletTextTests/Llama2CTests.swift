import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct Llama2CTests {
  private static let isMissing: Comment = "../shared/data is missing"

  private func file() throws -> Data {
    try Data(contentsOf: #require(GoldenTokenizers.language).appending(path: "tok512.bin"))
  }

  /// Oracle: llama2.c's own loop, which tries every pair again and again.
  @Test(.enabled(if: SharedData.directory != nil, isMissing))
  func `tok bin gives the ids of llama2 c`() throws {
    let bytes = [UInt8](try file())
    var tokens: [(text: [UInt8], score: Float)] = []
    var position = 4
    func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) } }
    while position < bytes.count {
      let length = Int(word(position + 4))
      tokens.append((Array(bytes[position + 8..<position + 8 + length]), Float(bitPattern: word(position))))
      position += 8 + length
    }
    let ids = Dictionary(tokens.enumerated().map { ($1.text, $0) }) { first, _ in first }
    func reference(_ text: String) -> [Int] {
      var result = [ids[[0x20]] ?? -1]
      for scalar in text.unicodeScalars {
        let character = Array(String(scalar).utf8)
        result += ids[character].map { [$0] } ?? character.map { Int($0) + 3 }
      }
      while true {
        var best: (score: Float, id: Int, place: Int)?
        for place in result.indices.dropLast() {
          if let id = ids[tokens[result[place]].text + tokens[result[place + 1]].text],
            tokens[id].score > best?.score ?? -1e10
          {
            best = (tokens[id].score, id, place)
          }
        }
        guard let best else { return result }
        result.replaceSubrange(best.place...best.place + 1, with: [best.id])
      }
    }
    let tokenizer = try GoldenTokenizers.real("tok512")
    for text in [
      "Once upon a time", "Hello  world\n\ncafé 你好", "  two", "thethethe was and and", "Lily's \"dog\" ran.",
    ] {
      #expect(tokenizer.encode(text) == [1] + reference(text), "\(text)")
      #expect(tokenizer.decode(tokenizer.encode(text), skipsSpecialTokens: true) == text)
    }
  }

  /// A file with the tokens that every one has, and others.
  private func file(_ others: [String]) -> Data {
    let tokens = ["<unk>", "\n<s>\n", "\n</s>\n"] + (0..<256).map { String(format: "<0x%02X>", $0) } + others
    func little(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    return Data(
      little(6) + tokens.flatMap { text -> [UInt8] in little(0) + little(text.utf8.count) + Array(text.utf8) })
  }

  /// By hand: an accent behind a space would be one character with it.
  @Test func `every space of a token is a mark`() throws {
    let tokenizer = try Tokenizer(llama2c: file([" ", "\u{301}", " \u{301}"]), vocabularySize: 262)
    #expect(tokenizer.token(261) == "▁\u{301}")
    #expect(tokenizer.encode("\u{301}") == [1, 261])
  }

  @Test func `an empty token is refused`() {
    #expect { try Tokenizer(llama2c: file(["a", ""]), vocabularySize: 261) } throws: { "\($0)" == "token 260 is empty" }
  }

  @Test(.enabled(if: SharedData.directory != nil, isMissing))
  func `a file that is cut off or goes on is refused`() throws {
    let file = try file()
    for count in [0, 3, 11, 40, file.count - 1] {
      #expect { try Tokenizer(llama2c: file.prefix(count), vocabularySize: 512) } throws: { "\($0)".contains("end") }
    }
    #expect { try Tokenizer(llama2c: file, vocabularySize: 511) } throws: {
      "\($0)".contains("goes on behind token 510")
    }
    #expect { try Tokenizer(llama2c: file, vocabularySize: 3) } throws: { "\($0)".contains("at least 259") }
  }
}
