import Foundation
import SwiftletMedia
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
      ["bench", "--random", "small", "--precisions", "fp31"], ["bench", fixture.model, "--isa", "sse9"],
    ]
    for arguments in usage { #expect(try Self.run(arguments: arguments).status == 64, "\(arguments)") }
  }

  @Test func `numbers are printed with their decimals and units`() {
    #expect(1.005.text(decimals: 1) == "1.0")
    #expect(0.05.text(decimals: 2) == "0.05")
    #expect((-2.5).text(decimals: 1) == "-2.5")
    #expect(999.96.text(decimals: 1) == "1000.0")
    #expect(Double.infinity.text(decimals: 2) == "inf")
    #expect(12.0.text(decimals: 0) == "12")
    #expect([999.byteText, 1000.byteText, 5_300_000.byteText] == ["999 B", "1.00 kB", "5.30 MB"])
    #expect(table([["a", "1"], ["long", "20"]]) == "a      1\nlong  20")
  }
}
