import Foundation
import LanguageTestSupport
import SwiftletLanguage
import SwiftletText
import TestSupport
import Testing

/// Runs the built `swiftlet-run` on language models as a shell does.
@Suite struct TextCommandTests {
  private let folder: TemporaryFolder
  private var model: String { folder.path("model.swiftlet") }
  private var pictures: String { folder.path("pictures.swiftlet") }

  init() throws {
    folder = try TemporaryFolder()
    try SuccessorModel(saying: "abcdefgh\n").write(to: URL(filePath: folder.path("model.swiftlet")))
  }

  /// What a run prints that reads `input`.
  private func run(_ arguments: String..., input: [UInt8] = []) throws -> CommandLineTests.Outcome {
    let process = Process()
    process.executableURL = CommandLineTests.executable
    process.arguments = arguments
    let (source, output, errors) = (Pipe(), Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (source, output, errors)
    try process.run()
    try source.fileHandleForWriting.write(contentsOf: Data(input))
    try source.fileHandleForWriting.close()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let messages = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return CommandLineTests.Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: messages, as: UTF8.self))
  }

  private func refuses(_ sentence: String, status: Int32, _ outcome: CommandLineTests.Outcome) {
    #expect(outcome.errors == "error: \(sentence)\n")
    #expect(outcome.output == "" && outcome.status == status, "\(sentence): \(outcome)")
  }

  @Test func `run goes on with a prompt, and ends the line`() throws {
    let text = try run("run", model, "xa", "--max-tokens", "4", "--threads", "1")
    #expect(text.output == "bcde\n" && text.errors == "" && text.status == 0)
    #expect(try run("run", model, "xg", "--max-tokens", "2").output == "h\n")
    // The model ends behind what it does not know.
    #expect(try run("run", model, "a.").output == "")
  }

  @Test func `a prompt comes from standard input, without the end of its last line`() throws {
    for input in ["line\nxc", "line\nxc\n", "line\nxc\r\n"] {
      #expect(try run("run", model, "-", "--max-tokens", "2", input: Array(input.utf8)).output == "de\n")
    }
    #expect(try run("run", model, "-", "--max-tokens", "2", input: Array("c\n\n".utf8)).output == "ab\n")
  }

  @Test func `a text ends in front of a stop string`() throws {
    let text = try run("run", model, "a", "--stop", "xyz", "--stop", "fgh")
    #expect(text.output == "bcde\n" && text.status == 0)
  }

  @Test func `sampling draws by its seed`() throws {
    let options = ["--temperature", "60", "--max-tokens", "30", "--top-k", "200", "--min-p", "0.01"]
    func text(_ seed: String) throws -> String {
      try CommandLineTests.run(
        arguments: ["run", model, "a", "--stop", "~", "--json", "--seed", seed] + options
      ).output.split(separator: ",\"tokens\"").first.map(String.init) ?? ""
    }
    func words(_ seed: String) throws -> Substring? { try text(seed).split(separator: "\"text\":").last }
    #expect(try words("1") == words("1") && words("1") != words("2"))
  }

  @Test func `json is one object with the text and why it ended`() throws {
    func object(_ arguments: String...) throws -> [String: Any] {
      let outcome = try CommandLineTests.run(arguments: ["run", model, "--json"] + arguments)
      #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 1)
      return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }
    let full = try object("xa", "--max-tokens", "3")
    #expect(full["prompt"] as? String == "xa" && full["text"] as? String == "bcd")
    #expect(full["ending"] as? String == "max-tokens" && full["stop"] == nil)
    #expect(full["tokens"] as? Int == 3 && full["promptTokens"] as? Int == 2 && full["knownTokens"] as? Int == 0)
    let stopped = try object("a", "--stop", "de")
    #expect(stopped["ending"] as? String == "stop" && stopped["stop"] as? String == "de")
    #expect(try object("a.")["ending"] as? String == "end")
    #expect(try object("a")["ending"] as? String == "context")
    let slid = try object("a", "--max-tokens", "100", "--when-full", "slide")
    #expect(slid["ending"] as? String == "max-tokens" && slid["slides"] as? Int ?? 0 > 0)
  }

  @Test func `a conversation answers line by line`() throws {
    try SuccessorModel(saying: ":Hi!", thenEnding: true).write(to: URL(filePath: model))
    let text = try run("run", model, "--chat", "--system", "x", input: Array("Hello\n\n  \nAgain".utf8))
    #expect(text.output == "Hi!\nHi!\n" && text.errors == "" && text.status == 0)
    let objects = try run("run", model, "--chat", "--json", "--threads", "2", input: Array("Hello\nAgain\n".utf8))
    let messages = try objects.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(messages.map { $0["prompt"] as? String } == ["Hello", "Again"])
    #expect(messages.map { $0["text"] as? String } == ["Hi!", "Hi!"])
    #expect(messages.last?["knownTokens"] as? Int ?? 0 > 0)
    #expect(try run("run", model, "--chat").output == "")
  }

  @Test func `what cannot be said ends a conversation of a pipe, and what was said before stays`() throws {
    try SuccessorModel(saying: ":Hi!", thenEnding: true).write(to: URL(filePath: model))
    let long = String(repeating: "long ", count: 20)
    let text = try run("run", model, "--chat", input: Array("Hello\n\(long)\nHello\n".utf8))
    #expect(text.output == "Hi!\n" && text.status == 1)
    #expect(text.errors.hasPrefix("error: the prompt has ") && text.errors.split(separator: "\n").count == 1)
    let bytes = try run("run", model, "--chat", input: Array("Hello\n".utf8) + [0x61, 0xff, 0x0a])
    #expect(bytes.output == "Hi!\n" && bytes.status == 66)
    #expect(bytes.errors == "error: line 2 of standard input is no text in UTF-8\n")
  }

  @Test func `bad input is one sentence and a status`() throws {
    refuses("the prompt holds no token: give a text to go on from", status: 1, try run("run", model, ""))
    refuses("the prompt holds no token: give a text to go on from", status: 1, try run("run", model, "-"))
    let long = String(repeating: "a", count: 65)
    refuses(
      "the prompt has 65 tokens, the model reads 64: give a shorter one, or let the context slide", status: 1,
      try run("run", model, long))
    #expect(try run("run", model, long, "--when-full", "slide", "--max-tokens", "2").output == "bc\n")
    refuses(
      "standard input is no text in UTF-8", status: 66, try run("run", model, "-", input: [0x61, 0xe2, 0x82, 0x0a]))
    #expect(try run("run", model, "a", "--threads", "0").status != 0)
    #expect(try run("run", model, "a", "--threads", "0").errors.split(separator: "\n").count == 1)
    for (option, value, sentence) in [
      ("--top-p", "2", "top-p is 2.0: it takes numbers above 0, up to 1"),
      ("--top-k", "0", "top-k is 0: it takes whole numbers from 1 on"),
      ("--temperature", "-1", "the temperature is -1.0: it takes numbers from 0 on"),
      ("--max-tokens", "0", "the number of tokens is 0: it takes whole numbers from 1 on"),
    ] {
      refuses(sentence, status: 64, try run("run", model, "a", "\(option)=\(value)"))
    }
    refuses(
      "a stop string is empty: it takes texts of at least one character", status: 64,
      try run("run", model, "a", "--stop", ""))
    refuses(
      "there is no prompt: give one behind the model, - for standard input, or --chat", status: 64,
      try run("run", model))
    refuses("there are 2 prompts: put one in quotation marks", status: 64, try run("run", model, "a", "b"))
    refuses("--system goes with --chat", status: 64, try run("run", model, "a", "--system", "b"))
    refuses(
      "--chat reads its messages line by line: give no prompt behind the model", status: 64,
      try run("run", model, "a", "--chat"))
    refuses(
      "--top goes with classifiers, and \(model) is a language model", status: 64,
      try run("run", model, "a", "--top", "2")
    )
    var plain = SuccessorModel(saying: "ab")
    plain.tokenizer = ByteTokenizer.plain
    try plain.write(to: URL(filePath: model))
    refuses(
      "the conversation cannot be put into the model's words: the tokenizer has no chat template", status: 1,
      try run("run", model, "--chat"))
  }

  @Test func `options of texts are none of classifiers`() throws {
    let fixture = try CommandLineTests.Fixture()
    defer { fixture.remove() }
    for (options, option) in [
      (["--max-tokens", "3"], "--max-tokens"), (["--chat"], "--chat"), (["--stop", "x", "--seed", "1"], "--seed"),
    ] {
      let outcome = try CommandLineTests.run(arguments: ["run", fixture.model, fixture.image] + options)
      refuses("\(option) goes with language models, and \(fixture.model) is none", status: 64, outcome)
    }
    refuses("there is no image: give files or folders behind the model", status: 64, try run("run", fixture.model))
  }

  @Test func `Ctrl-C ends a text and its line`() throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "--default-signal=INT", CommandLineTests.executable.path, "run", model, "a", "--when-full", "slide",
    ]
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    var text = output.fileHandleForReading.availableData
    #expect(!text.isEmpty)
    process.interrupt()
    text += try output.fileHandleForReading.readToEnd() ?? Data()
    let messages = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    #expect(text.last == UInt8(ascii: "\n") && messages.isEmpty)
    #expect(String(decoding: text, as: UTF8.self).hasPrefix("b"))
  }

  @Test(.enabled(if: access("/dev/ptmx", R_OK | W_OK) == 0, "there are no terminals of Linux"))
  func `where somebody types, Ctrl-C ends a reply and not the conversation`() throws {
    try SuccessorModel(saying: ":abc").write(to: URL(filePath: model))
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK and TIOCGPTN, which the system's headers have as macros.
    try #require(ioctl(terminal, 0x4004_5431, &locked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
    let keyboard = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(keyboard >= 0)
    defer { for descriptor in [terminal, keyboard] { close(descriptor) } }
    func type(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) } }

    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "--default-signal=INT", CommandLineTests.executable.path, "run", model, "--chat", "--when-full", "slide",
    ]
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle(fileDescriptor: keyboard, closeOnDealloc: false)
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    for message in ["Hello\n", "Again\n"] {
      type(message)
      var text = output.fileHandleForReading.availableData
      #expect(text.first == UInt8(ascii: "a"))
      process.interrupt()
      while text.last != UInt8(ascii: "\n"), process.isRunning { text += output.fileHandleForReading.availableData }
    }
    // The end of what is typed.
    type("\u{4}")
    let rest = try output.fileHandleForReading.readToEnd() ?? Data()
    let messages = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0 && rest.isEmpty)
    #expect(String(decoding: messages, as: UTF8.self) == "> > > \n")
  }

  @Test func `a reader that leaves ends a text without end`() throws {
    let quoted = "run '\(model)' a --when-full slide"
    let gone = try CommandLineTests.shell(quoted, "| head -c 20")
    #expect(gone.status == 141 && gone.errors == "" && gone.output == "bcdefgh\nabcdefgh\nabc")
    let full = try CommandLineTests.shell(quoted, ">/dev/full")
    #expect(full.status == 1)
    #expect(full.errors == "error: standard output cannot be written: No space left on device")
  }

  @Test func `info prints what is kept of a token, and JSON on request`() throws {
    let text = try run("info", model, "--context", "10")
    #expect(text.status == 0, "\(text.errors)")
    // A key is 8 numbers, and a value 16: 8 and what fills a tile.
    for words in ["successors", "1 layers of width 258", "by its chat template", "96 B a token", "at 10 tokens"] {
      #expect(text.output.contains(words), "\(words): \(text.output)")
    }
    let json = Data(try run("info", model, "--json").output.utf8)
    #expect(
      try JSONDecoder().decode(LanguageModelSummary.self, from: json)
        == LanguageModelSummary(contentsOf: URL(filePath: model)))
    refuses(
      "the context is 65: it takes whole numbers from 1 to 64", status: 64, try run("info", model, "--context", "65"))
  }

  @Test func `eval gives the perplexity of a text, alone and beside another model`() throws {
    try Data(String(repeating: "abcdefgh\n", count: 20).utf8).write(to: folder.url.appending(path: "text"))
    let alone = try run(
      "eval", model, "--metric", "perplexity", "--data", folder.path("text"), "--window", "30", "--json")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(alone.output.utf8)) as? [String: Any])
    #expect(object["windows"] as? Int == 6 && object["targets"] as? Int == 174)
    // The one score that is not 0 is the root of the vocabulary's size.
    let score = 258.0.squareRoot()
    let expected = log(1 + 257 * exp(-score))
    #expect(abs((object["natsPerToken"] as? Double ?? 0) - expected) < 1e-5)
    let beside = try run("eval", model, "--data", folder.path("text"), "--window", "30", "--against", model)
    #expect(beside.status == 0 && beside.output.contains("KL divergence from \(model): mean 0.000000"))
    refuses(
      "\(folder.path("gone")) cannot be opened: No such file or directory", status: 66,
      try run("eval", model, "--data", folder.path("gone")))
  }
}
