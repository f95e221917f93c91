import Foundation
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletMedia
import SwiftletVision
import Testing

@testable import SwiftletRunCommands
@testable import SwiftletRuntime

/// Runs the built `swiftlet-run` as a shell does.
@Suite struct CommandLineTests {
  /// Tests and executables lie side by side.
  static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
    path: "swiftlet-run")

  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  static func run(_ arguments: String...) throws -> Outcome { try run(arguments: arguments) }

  static func run(arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let messages = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: messages, as: UTF8.self))
  }

  /// A directory with a model of 3 classes and an image.
  struct Fixture {
    let directory = FileManager.default.temporaryDirectory.appending(path: "swiftlet-run-\(UUID().uuidString)")
    var model: String { directory.appending(path: "model.swiftlet").path }
    var image: String { directory.appending(path: "image.png").path }

    init() throws {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      var settings = RandomVisionTransformer(size: .tiny, precision: .int8, pattern: .init(keeping: 2, of: 4))
      (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
      settings.metadata.classNames = ["cat", "dog", "bird"]
      settings.metadata.preprocessing = .init(height: 16, width: 16)
      try settings.model().write(to: URL(filePath: model))
      let picture = Image(width: 20, height: 24, colour: [10, 200, 90])
      if ImageDecoder.isAvailable { try picture.write(to: URL(filePath: image)) }
    }

    func remove() { try? FileManager.default.removeItem(at: directory) }
  }

  /// By default `bench` times 1 thread and as many as there are processors.
  @Test(.enabled(if: access("/usr/bin/taskset", X_OK) == 0, "there is no taskset of util-linux"))
  func `a pinned process takes the processors that it may use`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let allowed = try Data(contentsOf: URL(filePath: "/proc/self/status"))
    let line = String(decoding: allowed, as: UTF8.self).split(separator: "\n").first {
      $0.hasPrefix("Cpus_allowed_list:")
    }
    let first = try #require(line?.split(whereSeparator: { !$0.isNumber }).first)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/taskset")
    process.arguments = ["-c", String(first), Self.executable.path, "bench", fixture.model, "--runs", "1"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text.contains("1 thread,") && !text.contains("threads"), "\(text)")
  }

  @Test(.enabled(if: ImageDecoder.isAvailable, "FFmpeg's libraries are missing: run ./setup"))
  func `run prints the classes of each image`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = try Self.run("run", fixture.model, fixture.image)
    #expect(text.status == 0, "\(text.errors)")
    for name in ["cat", "dog", "bird", "image.png"] { #expect(text.output.contains(name)) }

    let json = try Self.run(
      "run", fixture.model, fixture.image, fixture.image, "--json", "--top", "2", "--threads", "1")
    let lines = json.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect((object?["classes"] as? [[String: Any]])?.count == 2)
      #expect(object?["input"] as? String == fixture.image)
    }
  }

  @Test(.enabled(if: ImageDecoder.isAvailable, "FFmpeg's libraries are missing: run ./setup"))
  func `one bad image does not keep the others from running`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let bad = fixture.directory.appending(path: "bad.png")
    try Data("no image".utf8).write(to: bad)
    let outcome = try Self.run("run", fixture.model, bad.path, fixture.image)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("image.png"))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(outcome.errors.contains("bad.png"))
    let only = try Self.run("run", fixture.model, bad.path)
    #expect((only.status, only.output) == (1, ""))
  }

  @Test(.enabled(if: ImageDecoder.isAvailable, "FFmpeg's libraries are missing: run ./setup"))
  func `run takes folders, and each error names its file once`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let folder = fixture.directory.appending(path: "photos")
    let manager = FileManager.default
    try manager.createDirectory(at: folder.appending(path: "b"), withIntermediateDirectories: true)
    for name in ["b/2.png", "b/10.png", "a.png"] {
      try manager.copyItem(at: URL(filePath: fixture.image), to: folder.appending(path: name))
    }
    try Data("a text".utf8).write(to: folder.appending(path: "notes.txt"))
    try Data("no image".utf8).write(to: folder.appending(path: "b/3.jpg"))
    let outcome = try Self.run("run", fixture.model, fixture.image, folder.path, "--json")
    #expect(outcome.status == 1)
    let inputs = try outcome.output.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["input"] as? String
    }
    #expect(inputs == [fixture.image] + ["a.png", "b/10.png", "b/2.png"].map { "\(folder.path)/\($0)" })
    #expect(
      outcome.errors.split(separator: "\n") == [
        "warning: \(folder.path): 1 file is no picture of a kind that is read, and left out: 1 .txt",
        "error: \(folder.path)/b/3.jpg: the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image",
      ])
    try manager.createDirectory(at: folder.appending(path: "c"), withIntermediateDirectories: true)
    let empty = try Self.run("run", fixture.model, folder.appending(path: "c").path)
    #expect(empty.errors == "error: \(folder.path)/c holds no pictures\n" && empty.status == 66)
  }

  @Test(.enabled(if: ImageDecoder.isAvailable, "FFmpeg's libraries are missing: run ./setup"))
  func `hundreds of inputs run in their order`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    var names: [String] = []
    for number in 0..<300 {
      let name = fixture.directory.appending(path: "\(number).png")
      try FileManager.default.createSymbolicLink(at: name, withDestinationURL: URL(filePath: fixture.image))
      names.append(name.path)
    }
    let arguments = ["run", "--top", "1", fixture.model] + names.prefix(200) + ["--json"] + names.suffix(100)
    let outcome = try Self.run(arguments: arguments)
    let inputs = try outcome.output.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["input"] as? String
    }
    #expect(outcome.status == 0 && inputs == names)
  }

  @Test func `long rows of arguments become one and come back`() {
    let names = (0..<100).map { "picture \($0).jpg" }
    for arguments in [
      ["run", "model"] + names, ["run", "--top", "3", "model"] + names + ["--json"],
      ["run", "model", "--top", "3"] + names,
      ["run", "model", "--"] + names + ["-x"], ["run", "model", "a.jpg", "b.jpg"], [], names,
    ] {
      let joined = LongArguments.joined(arguments)
      #expect(LongArguments.separated(joined) == arguments)
      #expect(joined.count < 10)
    }
    #expect(
      LongArguments.joined(["run", "model", "--top", "3"] + names).prefix(5) == [
        "run", "model", "--top", "3", names[0],
      ])
  }

  /// Divided by the least normal number, pixels make sums that overflow; the weights are finite.
  @Test(
    .enabled(if: ImageDecoder.isAvailable, "FFmpeg's libraries are missing: run ./setup"),
    arguments: [["--json"], []])
  func `a model whose activations overflow is an error, not -nan percent`(options: [String]) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    var settings = RandomVisionTransformer(size: .tiny, precision: .fp32)
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    let deviation = Float.leastNormalMagnitude
    settings.metadata.preprocessing = .init(
      height: 16, width: 16, mean: [0, 0, 0], deviation: [deviation, deviation, deviation])
    let model = fixture.directory.appending(path: "overflow.swiftlet")
    try settings.model().write(to: model)
    let outcome = try Self.run(arguments: ["run", model.path, fixture.image] + options)
    #expect((outcome.status, outcome.output) == (1, ""))
    #expect(outcome.errors.contains("overflow.swiftlet gives scores that are infinite or not numbers"))
  }

  @Test func `bench prints the best and the median, and JSON on request`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = try Self.run("bench", fixture.model, "--batch", "2", "--threads", "1,2", "--runs", "2", "--profile")
    #expect(text.status == 0, "\(text.errors)")
    for word in ["best ms", "median ms", "batch 2, 1 thread,", "batch 2, 2 threads,", "blocks.0.attn.qkv"] {
      #expect(text.output.contains(word), "\(word)")
    }
    let json = try Self.run("bench", fixture.model, fixture.model, "--threads", "2", "--runs", "1", "--json")
    let lines = try json.output.split(separator: "\n").map {
      try JSONDecoder().decode(ModelBenchmark.self, from: Data($0.utf8))
    }
    #expect(lines.map(\.threads) == [2, 2])
    #expect(lines.allSatisfy { $0.bestMilliseconds > 0 && $0.bestMilliseconds <= $0.medianMilliseconds })
    #expect(lines.allSatisfy { $0.isa == InstructionSet.best.rawValue })
    #expect(lines.allSatisfy { $0.weightBytes > 0 && $0.arenaBytes > 0 })
  }

  @Test func `bench tells where the time goes, and writes a trace`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let trace = fixture.directory.appending(path: "trace.json").path
    let arguments = ["bench", fixture.model, "--threads", "2", "--runs", "2", "--profile", "--trace", trace]
    let text = try Self.run(arguments: arguments)
    #expect(text.status == 0, "\(text.errors)")
    for word in ["GOP/s on registers", "GB/s from memory", "of best", "all of a kind", "attention"] {
      #expect(text.output.contains(word), "\(word)")
    }
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: trace))) as? [String: Any])
    let events = try #require(json["traceEvents"] as? [[String: Any]])
    #expect(Set(events.compactMap { $0["ph"] as? String }) == ["X"])
    #expect(Set(events.compactMap { $0["tid"] as? Int }).isSubset(of: [0, 1]))
    #expect(events.contains { $0["name"] as? String == "blocks.0.attn.qkv" && $0["cat"] as? String == "linear" })
    #expect(events.allSatisfy { ($0["ts"] as? Double ?? -1) >= 0 && ($0["dur"] as? Double ?? -1) >= 0 })

    // A trace is replaced by a trace, and nothing else is.
    #expect(try Self.run(arguments: arguments).status == 0)
    let notes = fixture.directory.appending(path: "notes.txt")
    try Data("{}".utf8).write(to: notes)
    for place in [fixture.model, notes.path] {
      let before = try Data(contentsOf: URL(filePath: place))
      let outcome = try Self.run("bench", fixture.model, "--trace", place)
      #expect(outcome.status == 1 && outcome.output.isEmpty && outcome.errors.contains(place), "\(outcome.errors)")
      #expect(try Data(contentsOf: URL(filePath: place)) == before)
    }
    #expect(try Self.run("bench", fixture.model, fixture.model, "--trace", trace).status == 64)
    let nowhere = fixture.directory.appending(path: "nowhere").path
    let early = try Self.run("bench", fixture.model, "--trace", nowhere + "/trace.json")
    #expect(early.status == 64 && early.errors.contains("there is no folder \(nowhere)"), "\(early.errors)")
  }

  /// What a process took beside the same program with a tiny model, which has its code, tables and threads.
  ///
  /// Weights of every kind lie in a file of more than 100 MB, so that a second copy of any, pages of the file that stay,
  /// or floats that were decoded would be seen.
  @Test(
    .enabled(if: ProcessMemory.peakByteCount != nil, "the system does not say how much memory a process took"),
    arguments: [1, 3])
  func `a run takes its packed weights, its values and little more`(threads: Int) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let large = fixture.directory.appending(path: "large.swiftlet")
    #expect(try LargeModel().write(to: large) > 100_000_000)
    let results = try [fixture.model, large.path].map { model in
      let outcome = try Self.run("bench", model, "--threads", "\(threads)", "--runs", "2", "--json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try JSONDecoder().decode(ModelBenchmark.self, from: Data(outcome.output.utf8))
    }
    let program = try #require(results[0].peakBytes)
    let peak = try #require(results[1].peakBytes) - program
    let bound = results[1].weightBytes + results[1].arenaBytes * 12 / 10 + 10_000_000
    #expect(
      peak <= bound, "\(peak / 1000) kB, of which weights \(results[1].weightBytes / 1000), bound \(bound / 1000)")
    // What is measured is there: without the packed weights there is no run.
    #expect(peak > results[1].weightBytes / 2)
  }

  @Test func `info prints layers, and JSON on request`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let text = try Self.run("info", fixture.model)
    #expect(text.status == 0, "\(text.errors)")
    for word in ["blocks.0.mlp.fc1", "2:4", "s8", "dense", "3: cat, dog, bird", "multiply-adds"] {
      #expect(text.output.contains(word), "\(word)")
    }
    let json = Data(try Self.run("info", fixture.model, "--json").output.utf8)
    let summary = try JSONDecoder().decode(ModelSummary.self, from: json)
    #expect(try summary == ModelSummary(ModelFile(contentsOf: URL(filePath: fixture.model))))
  }

  @Test func `every failure is one sentence and an exit code`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let notAModel = fixture.directory.appending(path: "notes.txt")
    try Data("just some text, no model".utf8).write(to: notAModel)
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture.model)))
    bytes[bytes.count - 100] ^= 1
    let damaged = fixture.directory.appending(path: "damaged.swiftlet")
    try Data(bytes).write(to: damaged)
    let cases: [(arguments: [String], status: Int32, message: String)] = [
      (["info", "/nowhere.swiftlet"], 66, "error: there is no model file at /nowhere.swiftlet"),
      (["run", "/nowhere.swiftlet", "x.png"], 66, "there is no model file"),
      (["run", fixture.model, "/nowhere.png"], 66, "/nowhere.png"),
      (["bench", notAModel.path], 1, "is not a Swiftlet model"),
      (["info", damaged.path], 1, "the weights do not match their checksum"),
      (["info", fixture.directory.path], 1, "it is not a regular file"),
      (["bench", fixture.model, "--batch", "2000000"], 1, "a batch of 2000000 cannot run"),
      (["bench", fixture.model, "--threads", "5000"], 1, "5000 threads cannot run"),
    ]
    for (arguments, status, message) in cases {
      let outcome = try Self.run(arguments: arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(arguments): \(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
    let usage = [
      ["bench"], ["run", fixture.model], ["bench", fixture.model, "--batch", "0"], ["info"], ["fly"],
      ["run", fixture.model, "x.png", "--top", "0"], ["bench", fixture.model, "--threads", "1,x"],
      ["bench", "--random", "small", "--patterns", "5:4"], ["bench", "--random", "huge"],
      ["bench", "--random", "small", "--patterns", "mixed"],
      ["bench", "--random", "small", "--precisions", "fp31"], ["bench", fixture.model, "--isa", "sse9"],
    ]
    for arguments in usage { #expect(try Self.run(arguments: arguments).status == 64, "\(arguments)") }
  }

  /// Runs `arguments` with the words of a shell behind them, such as `| head`.
  static func shell(_ arguments: String, _ rest: String, before: String = "") throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "\(before){ \"$0\" \(arguments); echo $? >&2; } \(rest)", executable.path]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let messages = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    let lines = messages.split(separator: "\n")
    return Outcome(
      status: lines.last.flatMap { Int32($0) } ?? -1, output: String(decoding: text, as: UTF8.self),
      errors: lines.dropLast().joined(separator: "\n"))
  }

  @Test(arguments: ["info MODEL", "info MODEL --json", "bench MODEL --runs 1 --threads 1", "--help", "--version"])
  func `output that cannot be written is an error, and a reader that leaves is none`(arguments: String) throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let arguments = arguments.replacing("MODEL", with: "'\(fixture.model)'")
    let full = try Self.shell(arguments, ">/dev/full")
    #expect(full.status == 1)
    #expect(full.errors == "error: standard output cannot be written: No space left on device")
    let closed = try Self.shell(arguments, ">&-")
    #expect(closed.status == 1)
    #expect(closed.errors == "error: standard output cannot be written: Bad file descriptor")
    for ignored in ["", "trap '' PIPE; "] {
      // The reader has gone before anything is written.
      let gone = try Self.shell(arguments, "| exec true", before: ignored)
      #expect([0, 141].contains(gone.status) && gone.errors.isEmpty && gone.output.isEmpty, "\(gone)")
    }
    // Standard error that takes nothing changes no result.
    let silent = try Self.shell("\(arguments) 2>&-", "")
    #expect(silent.status == 0 && !silent.output.isEmpty)
  }

  @Test func `a signal ends the program after a line, not inside it`() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    // A line that is longer than a pipe, so that the program waits in the middle of it.
    var settings = RandomVisionTransformer(size: .tiny, precision: .fp32, pattern: nil)
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    settings.metadata.classNames = ["a", "b", "c"].map { String(repeating: $0, count: 100_000) }
    let model = fixture.directory.appending(path: "long.swiftlet")
    try settings.model().write(to: model)

    let process = Process()
    // The training runs of other tests ignore the signal meanwhile, which a child would inherit.
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["--default-signal=TERM", Self.executable.path, "info", model.path, "--json"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var waiting: Int32 = 0
    while waiting < 60_000, process.isRunning {
      #expect(ioctl(output.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &waiting) == 0)
      usleep(1000)
    }
    process.terminate()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
    #expect(text.last == UInt8(ascii: "\n"))
    #expect(try JSONDecoder().decode(ModelSummary.self, from: text).classes.count == 3)
  }

  @Test func `the version is told, a slip of the pen is understood`() throws {
    #expect(try Self.run("--version").output == "swiftlet-run \(Program.version)\n")
    let slip = try Self.run("ifno", "model.swiftlet")
    #expect((slip.status, slip.errors) == (64, "error: swiftlet-run has no command \"ifno\"; did you mean info?\n"))
    let odd = try Self.run("info", "a\nb\u{1B}c")
    #expect(odd.status == 66)
    #expect(odd.errors.hasSuffix("a\\nb\\u{1b}c\n") && odd.errors.split(separator: "\n").count == 1)
    let notText = try Self.shell("info $(printf 'a\\377b')", "")
    #expect(notText.status == 64 && notText.errors.contains("is not UTF-8"))
  }
}
