import LanguageTestSupport
import SwiftletFiles
import SwiftletText
import Testing

@testable import SwiftletLanguage

@Suite struct GenerationTests {
  /// All pieces of a text; none but the last is empty, and the last alone has the outcome.
  static func pieces(_ generation: inout Generation) throws -> ([String], Generation.Outcome) {
    var pieces: [Generation.Piece] = []
    while let piece = try generation.next() { pieces.append(piece) }
    #expect(pieces.dropLast().allSatisfy { !$0.text.isEmpty && $0.outcome == nil })
    #expect(try generation.next() == nil)
    return (pieces.map(\.text), try #require(pieces.last?.outcome))
  }

  static func write(
    _ reader: ScriptedReader, after prompt: String, _ options: GenerationOptions
  ) throws -> ([String], Generation.Outcome) {
    var generation = try Generation(by: reader, options)
    try generation.begin(after: reader.tokenizer.encode(prompt), continues: true)
    return try pieces(&generation)
  }

  @Test func `characters come whole, and together they are the text of the tokens`() throws {
    let said = "né€𝄞 é"
    let (pieces, outcome) = try Self.write(.saying(said, after: 3), after: "abc", .init(maxTokens: said.utf8.count))
    #expect(pieces == said.map { "\($0)" })
    #expect(outcome.ending == .maxTokens && outcome.tokens == said.utf8.map(Int.init))
    #expect((outcome.promptTokens, outcome.knownTokens, outcome.slides) == (3, 0, 0))
  }

  @Test func `bytes at the end that are no character yet are left out`() throws {
    let (pieces, outcome) = try Self.write(.saying("a€", after: 1), after: "x", .init(maxTokens: 3))
    #expect(pieces == ["a", ""] && outcome.tokens.count == 3)
  }

  @Test func `the model ends a text by its token, which is not shown`() throws {
    var reader = ScriptedReader { (tokens) throws(LanguageError) in tokens.count == 5 ? ByteTokenizer.end : 98 }
    let (pieces, outcome) = try Self.write(reader, after: "ab", .init())
    #expect(pieces == ["b", "b", "b", ""])
    #expect(outcome.ending == .token(ByteTokenizer.end) && outcome.tokens == [98, 98, 98, ByteTokenizer.end])
    reader.ends = []
    let (others, other) = try Self.write(reader, after: "ab", .init(maxTokens: 5))
    // A special token is no text.
    #expect(others.joined() == "bbbb" && other.ending == .maxTokens)
  }

  @Test func `a stop string ends the text in front of it`() throws {
    let reader = ScriptedReader.saying("one\nUser: two", after: 1)
    let (pieces, outcome) = try Self.write(reader, after: "x", .init(stops: ["\nUser:", "\nModel:"]))
    #expect(pieces.joined() == "one" && outcome.ending == .stop("\nUser:") && outcome.tokens.count == 9)
    // What was held back is text when the tokens are all.
    let (held, all) = try Self.write(reader, after: "x", .init(maxTokens: 6, stops: ["\nUser:"]))
    #expect(held == ["o", "n", "e", "\nUs"] && all.ending == .maxTokens)
  }

  @Test func `a text that goes on keeps the space that follows on the prompt`() throws {
    let tokenizer = try Tokenizer(
      sentencePiece: Data(contentsOf: textGolden("small.model")))
    let ids = tokenizer.encode("the king of the world")
    var reader = ScriptedReader { (tokens) throws(LanguageError) in ids[tokens.count] }
    (reader.tokenizer, reader.vocabulary) = (tokenizer, tokenizer.vocabularySize)
    let cut = try #require(ids.indices.dropFirst(3).first { tokenizer.token(ids[$0])?.hasPrefix("▁") ?? false })
    let rest = tokenizer.decode(ids).dropFirst(tokenizer.decode(ids[..<cut]).count)
    #expect(rest.hasPrefix(" "))
    for (continues, expected) in [(true, rest), (false, rest.dropFirst())] {
      var generation = try Generation(by: reader, .init(maxTokens: ids.count - cut))
      try generation.begin(after: Array(ids[..<cut]), continues: continues)
      #expect(try Self.pieces(&generation).0.joined() == expected)
    }
  }

  @Test func `each token is read once, and a long prompt in parts`() throws {
    let reader = ScriptedReader.babbling()
    let prompt = String(repeating: "x", count: 2 * Generation.chunk + 1)
    let (_, outcome) = try Self.write(reader, after: prompt, .init(maxTokens: 3))
    #expect(reader.log.all.map(\.count) == [Generation.chunk, Generation.chunk, 1, 1, 1])
    #expect(reader.log.all.flatMap { $0 } == Array(prompt.utf8).map(Int.init) + outcome.tokens.dropLast())
  }

  @Test func `a prompt whose beginning is known is read from there on, its last token always`() throws {
    let reader = ScriptedReader.babbling()
    var generation = try Generation(by: reader, .init(maxTokens: 2))
    try generation.begin(after: [97, 98, 99], continues: true)
    let first = try Self.pieces(&generation).1
    reader.log.clear()
    for (prompt, read) in [
      ([97, 98, 99] + first.tokens + [100], [[first.tokens[1]] + [100]]), ([97, 98, 99], [[99]]),
      ([97, 1, 2], [[1, 2]]),
      ([5], [[5]]),
    ] {
      try generation.begin(after: prompt, continues: true)
      let outcome = try Self.pieces(&generation).1
      #expect(Array(reader.log.all.dropLast()) == read && outcome.knownTokens == prompt.count - read[0].count)
      // Oracle: a reader that knows nothing.
      var fresh = try Generation(by: ScriptedReader.babbling(), .init(maxTokens: 2))
      try fresh.begin(after: prompt, continues: true)
      #expect(try Self.pieces(&fresh).1.tokens == outcome.tokens)
      reader.log.clear()
    }
  }

  @Test func `a text can be cancelled between tokens and within a prompt`() throws {
    let reader = ScriptedReader.babbling()
    var generation = try Generation(by: reader, .init(stops: ["~"]))
    try generation.begin(after: Array(repeating: 97, count: 700), continues: true)
    var questions = 0
    let piece = try generation.next {
      questions += 1
      return questions == 2
    }
    #expect(piece?.text == "" && piece?.outcome?.ending == .cancelled && piece?.outcome?.tokens == [])
    #expect(reader.log.all.map(\.count) == [Generation.chunk])
    // What was read stays known.
    try generation.begin(after: Array(repeating: 97, count: 700), continues: true)
    #expect(try generation.next()?.outcome == nil)
    let last = try #require(try generation.next { true })
    #expect(last.outcome?.ending == .cancelled && last.outcome?.knownTokens == Generation.chunk)
    #expect(try generation.next() == nil)
  }

  @Test func `an error in the middle ends the text`() throws {
    let reader = ScriptedReader { (tokens) throws(LanguageError) in
      if tokens.count == 4 { throw .notFinite(token: 3) }
      return 97
    }
    var generation = try Generation(by: reader, .init())
    try generation.begin(after: [97], continues: true)
    for _ in 0..<3 { #expect(try generation.next()?.text == "a") }
    #expect(throws: LanguageError.notFinite(token: 3)) { try generation.next() }
    #expect(try generation.next() == nil)
  }

  // MARK: The end of the context

  @Test func `a prompt that does not fit is refused before a token is read`() throws {
    var reader = ScriptedReader.babbling()
    reader.contextLength = 10
    func refusal(_ prompt: Int, _ options: GenerationOptions) throws -> String {
      var generation = try Generation(by: reader, options)
      let error = try #require(throws: LanguageError.self) {
        try generation.begin(after: Array(repeating: 97, count: prompt), continues: true)
      }
      #expect(try generation.next() == nil)
      return "\(error)"
    }
    #expect(
      try refusal(11, .init())
        == "the prompt has 11 tokens, the model reads 10: give a shorter one, or let the context slide")
    #expect(
      try refusal(8, .init(maxTokens: 4))
        == "the prompt has 8 tokens and 4 more are asked for, the model reads 10: ask for at most 3, or let the "
        + "context slide")
    #expect(try refusal(0, .init()) == "the prompt holds no token: give a text to go on from")
    #expect(reader.log.all.isEmpty)
  }

  @Test(arguments: [1, 9, 10]) func `a full context ends the text`(prompt: Int) throws {
    var reader = ScriptedReader.babbling()
    reader.contextLength = 10
    let text = String(repeating: "x", count: prompt)
    let (pieces, outcome) = try Self.write(reader, after: text, .init())
    #expect(outcome.ending == .contextFull && outcome.tokens.count == 11 - prompt)
    #expect(pieces.joined().utf8.count == 11 - prompt && reader.log.all.flatMap { $0 }.count == 10)
    // As many as fit may be asked for.
    let (_, asked) = try Self.write(reader, after: text, .init(maxTokens: 11 - prompt))
    #expect(asked.ending == .maxTokens && asked.tokens == outcome.tokens)
  }

  /// Oracle: a list of tokens that is shortened by hand, and read anew for every token.
  @Test(arguments: [(2, 0), (3, 1), (10, 0), (10, 4), (10, 8), (33, 5)], [1, 7, 40])
  func `a context that slides keeps its first tokens and the newer half`(
    sizes: (context: Int, keeping: Int), prompt: Int
  ) throws {
    var reader = ScriptedReader.babbling()
    reader.contextLength = sizes.context
    let tokens = (0..<prompt).map { 65 + $0 }
    var generation = try Generation(by: reader, .init(maxTokens: 100, whenFull: .slide(keeping: sizes.keeping)))
    try generation.begin(after: tokens, continues: true)
    let (_, outcome) = try Self.pieces(&generation)

    var (known, drawn, slides) = (tokens, [Int](), 0)
    while drawn.count < 100 {
      if known.count > sizes.context {
        known = known.prefix(sizes.keeping) + known.suffix((sizes.context - sizes.keeping) / 2)
        if !drawn.isEmpty { slides += 1 }
      }
      let token = try reader.next(known)
      drawn.append(token)
      known.append(token)
    }
    #expect(outcome.tokens == drawn && outcome.slides == slides && outcome.ending == .maxTokens)
  }

  @Test func `options out of their range are refused in one sentence`() throws {
    func refusal(_ options: GenerationOptions) throws -> String {
      var reader = ScriptedReader.babbling()
      reader.contextLength = 10
      return "\(try #require(throws: LanguageError.self) { try Generation(by: reader, options) })"
    }
    #expect(try refusal(.init(maxTokens: 0)) == "the number of tokens is 0: it takes whole numbers from 1 on")
    #expect(try refusal(.init(stops: ["a", ""])) == "a stop string is empty: it takes texts of at least one character")
    #expect(
      try refusal(.init(whenFull: .slide(keeping: 9)))
        == "the number of tokens that stay is 9: it takes whole numbers from 0 to 8")
    #expect(try refusal(.init(sampling: .init(topK: 0))) == "top-k is 0: it takes whole numbers from 1 on")
  }
}

/// A golden file of the tokenizers.
func textGolden(_ name: String, file: String = #filePath) -> URL {
  URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "SwiftletTextTests/Goldens").appending(path: name)
}
