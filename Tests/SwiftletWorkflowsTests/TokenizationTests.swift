import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite struct TokenizationTests {
  private static let sentencePiece = importGoldens.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "SwiftletTextTests/Goldens/small.model").path

  /// Bytes, and `ab`, in front of which a text begins.
  private static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer(vocabularySize: 258)
    (trainer.specialTokens, trainer.beginning, trainer.end) = (["<s>"], "<s>", nil)
    do { return try trainer.train(on: ["ab ab ab ab"]) } catch { preconditionFailure("\(error)") }
  }()

  private static func write(_ tokenizer: Tokenizer, to folder: TemporaryFolder) throws {
    let files = try tokenizer.huggingFaceFiles()
    try folder.write([UInt8](files.tokenizer), to: "m/tokenizer.json")
    try folder.write([UInt8](files.configuration), to: "m/tokenizer_config.json")
  }

  private static func written(_ tokens: Tokenization, as form: Tokenization.Form) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try tokens.write(as: form) { bytes += $0 }
    return bytes
  }

  /// What is written of an input.
  private static func text(
    of input: [UInt8], as form: Tokenization.Form, _ change: (inout Tokenization.Request) -> Void = { _ in }
  ) throws -> String {
    var request = Tokenization.Request(model: "m", input: "x")
    change(&request)
    return String(decoding: try written(Tokenization(input, request, by: tokenizer), as: form), as: UTF8.self)
  }

  /// Oracle: the tokenizer itself, and that a file says the same wherever it lies.
  @Test func `a folder, its tokenizer.json, GGUF and SentencePiece are told by their content`() throws {
    let folder = try TemporaryFolder()
    let gguf = importGoldens.appending(path: "llama.gguf")
    _ = try ModelImport(of: gguf).write(to: folder.url.appending(path: "llama"))
    try folder.write(Array("ab a\nab".utf8), to: "text")
    let expected = try Tokenizer(folder: folder.url.appending(path: "llama")).encode("ab a\nab")
    for model in [folder.path("llama"), folder.path("llama/tokenizer.json"), gguf.path] {
      #expect(try Tokenization(.init(model: model, input: folder.path("text"))).ids == expected, "\(model)")
    }
    let pieces = try Tokenizer(sentencePiece: Data(contentsOf: URL(filePath: Self.sentencePiece)))
    let found = try Tokenization(.init(model: Self.sentencePiece, input: folder.path("text")))
    #expect(found.ids == pieces.encode("ab a\nab") && found.byteCount == 7)
  }

  @Test func `ids stand in one line, and pieces on lines of their own`() throws {
    let (ab, space) = (try #require(Self.tokenizer.id(of: "ab")), try #require(Self.tokenizer.id(of: "Ġ")))
    let beginning = try #require(Self.tokenizer.beginning)
    let newline = try #require(Self.tokenizer.id(of: "Ċ"))
    let byte = try #require(Self.tokenizer.encode(utf8: [0xe2], addsSpecialTokens: false).first)
    let input = Array("ab ab\n".utf8) + [0xe2]
    let ids = [beginning, ab, space, ab, newline, byte]
    #expect(try Self.text(of: input, as: .ids) == ids.map { "\($0)" }.joined(separator: " ") + "\n")
    func column(_ id: Int) -> String { String(repeating: " ", count: 3 - "\(id)".count) + "\(id)" }
    #expect(
      try Self.text(of: input, as: .pieces) == """
        \(column(beginning))  "<s>"
        \(column(ab))  "ab"
        \(column(space))  " "
        \(column(ab))  "ab"
        \(column(newline))  "\\n"
        \(column(byte))  "\\xE2"

        """)
    #expect(try Self.text(of: input, as: .count) == "6 tokens, 7 bytes, 1.17 bytes a token\n")
    #expect(
      try Self.text(of: input, as: .ids) { $0.keepsSpecialTokens = false }
        == ids.dropFirst().map { "\($0)" }.joined(separator: " ") + "\n")
    #expect(try Self.text(of: [], as: .count) { $0.keepsSpecialTokens = false } == "0 tokens, 0 bytes\n")
    #expect(try Self.text(of: [], as: .ids) { $0.keepsSpecialTokens = false } == "\n")
  }

  @Test func `a program reads one object`() throws {
    func object(_ input: [UInt8], _ form: Tokenization.Form, decodes: Bool = false) throws -> [String: Any] {
      let text = try Self.text(of: input, as: form) { $0.decodes = decodes }
      #expect(text.hasSuffix("}\n"))
      return try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
    let ids = Self.tokenizer.encode("ab ab")
    let all = try object(Array("ab ab".utf8), .json([.ids, .pieces]))
    #expect(all["ids"] as? [Int] == ids && all["pieces"] as? [String] == ["<s>", "ab", " ", "ab"])
    #expect(all["tokens"] as? Int == 4 && all["bytes"] as? Int == 5 && all["bytesPerToken"] as? Double == 1.25)
    #expect(try object(Array("ab ab".utf8), .json([])).count == 3)
    let list = "[" + ids.map { "\($0)" }.joined(separator: ", ") + "]\n"
    #expect(try object(Array(list.utf8), .json([.text]), decodes: true)["text"] as? String == "<s>ab ab")
  }

  /// Law: whatever the bytes, they come back.
  @Test(arguments: 0..<20) func `bytes come back of their ids`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let alphabet = Array("ab \n<s>".utf8) + [0, 0x7f, 0xc3, 0xa4, 0xe2, 0x82, 0xff]
    let input = (0..<Int(random.next() % 200)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
    // Tokens that are spelled out in a text are those tokens, and come back as their text where they are kept.
    var request = Tokenization.Request(model: "m", input: "x")
    let forth = try Self.written(Tokenization(input, request, by: Self.tokenizer), as: .ids)
    request.decodes = true
    let back = try Tokenization(forth, request, by: Self.tokenizer)
    let bytes = try Self.written(back, as: .text)
    #expect(bytes == input || bytes == Array("<s>".utf8) + input, "seed \(seed)")
    #expect(back.byteCount == bytes.count && Array(back.pieces.joined()) == bytes)
    // Without special tokens their text is gone.
    request.keepsSpecialTokens = false
    let bare = try Self.written(Tokenization(forth, request, by: Self.tokenizer), as: .text)
    #expect(bare == Self.without(Array("<s>".utf8), bytes), "seed \(seed)")
  }

  private static func without(_ part: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    var (result, rest) = ([UInt8](), bytes[...])
    while let first = rest.first {
      if rest.starts(with: part) {
        rest = rest.dropFirst(part.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  @Test func `what cannot be read is one sentence`() throws {
    let folder = try TemporaryFolder()
    try Self.write(Self.tokenizer, to: folder)
    try folder.write(Array("hello".utf8), to: "x.txt")
    try folder.write(Array("{}".utf8), to: "empty.json")
    try folder.write([0x0a, 0xff], to: "short.model")
    try folder.write(Array("GGUF".utf8) + [3, 0, 0, 0], to: "short.gguf")
    try folder.write([], to: "empty/file")
    func told(_ model: String, _ input: String = "x.txt", decodes: Bool = false) -> String {
      var request = Tokenization.Request(model: folder.path(model), input: folder.path(input))
      request.decodes = decodes
      return sentence { try Tokenization(request) }
    }
    #expect(told("gone").hasSuffix("gone: is not there"))
    #expect(told("empty").hasSuffix("empty: holds no tokenizer: tokenizer.json and tokenizer.model are looked for"))
    #expect(told("x.txt").contains("x.txt: is neither a folder with a tokenizer, nor a tokenizer.json"))
    #expect(told("empty.json").hasSuffix("empty.json: it has no model"))
    #expect(told("short.model").contains("short.model: a number of the model does not end"))
    #expect(told("short.gguf").contains("short.gguf: "))
    #expect(told("m", "gone").hasSuffix("gone cannot be opened: No such file or directory"))
    try folder.write(Array("1 2\n3 x4 5".utf8), to: "ids")
    #expect(
      told("m", "ids", decodes: true).hasSuffix(
        "ids, line 2: \"x4\" is no token id: write whole numbers with spaces between them"))
    try folder.write(Array("1\n\n258".utf8), to: "ids")
    #expect(told("m", "ids", decodes: true).contains("ids, line 3: "))
    #expect(told("m", "ids", decodes: true).hasSuffix("m has no token 258: its ids are from 0 to 257"))
    try folder.write(Array(String(repeating: "9", count: 100).utf8), to: "ids")
    #expect(
      told("m", "ids", decodes: true).hasSuffix(
        "has no token \(String(repeating: "9", count: 40)): its ids are from 0 to 257"))
  }
}
