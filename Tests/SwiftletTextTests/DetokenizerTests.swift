import Foundation
import SwiftletText
import TestSupport
import Testing

@Suite struct DetokenizerTests {
  /// Law: the pieces joined are the whole, and each is whole characters.
  @Test(arguments: GoldenTokenizers.small)
  func `token by token gives the text of all tokens`(name: String) throws {
    let tokenizer = try GoldenTokenizers.tokenizer(name)
    var random = SplitMix64(seed: 3)
    var sequences = try GoldenTokenizers.cases.get().texts.map { tokenizer.encode($0.whole) }
    for _ in 0..<100 {
      sequences.append((0..<20).map { _ in Int.random(in: -1...tokenizer.vocabularySize, using: &random) })
    }
    for ids in sequences {
      for skips in [false, true] {
        var detokenizer = Detokenizer(tokenizer, skipsSpecialTokens: skips)
        var text = ids.reduce(into: "") { $0 += detokenizer.append($1) }
        text += detokenizer.finish()
        #expect(Array(text.utf8) == Array(tokenizer.decode(ids, skipsSpecialTokens: skips).utf8), "\(name), seed 3")
      }
    }
  }

  /// Oracle: `tokenizers`, whose Metaspace decoder knows no bytes.
  @Test(arguments: [("always", ["<0x0A>", "a<0x0A>b", "<0x0A> a"]), ("never", ["<0x0A>", " a<0x0A>b", "<0x0A> a"])])
  func `a byte's name is text where marks alone are decoded`(scheme: String, texts: [String]) throws {
    let part = #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"\#(scheme)","split":true}"#
    let tokenizer = try Tokenizer(
      huggingFace: Data(
        #"{"pre_tokenizer":\#(part),"decoder":\#(part),"model":{"type":"BPE","byte_fallback":true,"merges":[],"#.utf8)
        + Data(#""vocab":{"▁a":0,"<0x0A>":1,"b":2}}}"#.utf8))
    #expect([[1], [0, 1, 2], [1, 0]].map { tokenizer.decode($0) } == texts)
  }

  @Test func `half a character waits for the other half`() throws {
    let tokenizer = try GoldenTokenizers.tokenizer("gpt2-small")
    let bytes = Array("a€b".utf8).map { tokenizer.encode(utf8: [$0], addsSpecialTokens: false) }
    var detokenizer = Detokenizer(tokenizer)
    #expect(bytes.map { detokenizer.append($0[0]) } == ["a", "", "", "€", "b"])
    #expect(detokenizer.finish().isEmpty)
    // A second half that does not fit gives up the first.
    #expect(detokenizer.append(bytes[1][0]).isEmpty)
    #expect(detokenizer.append(bytes[0][0]) == "\u{fffd}a")
    #expect(detokenizer.append(bytes[1][0]).isEmpty)
    #expect(detokenizer.finish() == "\u{fffd}")
  }
}
