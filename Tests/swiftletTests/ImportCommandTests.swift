import Foundation
import TestSupport
import Testing

/// Runs the built `swiftlet import` as a shell does.
@Suite(.serialized) struct ImportCommandTests {
  static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "SwiftletWorkflowsTests/Goldens/llama.gguf").path

  @Test func `a model becomes a folder, and the result is printed`() throws {
    let folder = try TemporaryFolder()
    let (status, text) = try OutputPathTests.run(["import", Self.golden, "--out", "models/x"], in: folder.url)
    #expect(status == 0 && text.contains("parameters from GGUF version 3"), "\(text)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("models/x")).sorted() == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      ])
    let json = try OutputPathTests.run(
      ["import", "models/x", "--dtype", "f16", "--out", "half", "--json"], in: folder.url)
    #expect(json.status == 0 && json.text.contains("\"precision\":\"F16\""), "\(json.text)")
  }

  @Test func `each failure has its status and one line`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "taken/file")
    try folder.write([UInt8](repeating: 1, count: 40), to: "x.bin")
    for (arguments, expected, part) in [
      (["none", "--out", "x"], 66, "is not there"),
      ([Self.golden, "--out", "taken"], 1, "choose another folder"),
      ([Self.golden, "--out", "x.bin"], 1, "choose another"),
      ([Self.golden, "--tokenizer", "x.bin", "--out", "x"], 64, "leave out --tokenizer"),
      (["x.bin", "--out", "x"], 1, "seven sizes"),
      (["taken", "--out", "x"], 66, "holds no config.json"),
    ] as [([String], Int32, String)] {
      let (status, text) = try OutputPathTests.run(["import"] + arguments, in: folder.url)
      #expect(status == expected && text.contains(part), "\(arguments): \(status) \(text)")
      #expect(text.hasPrefix("error: ") && text.split(separator: "\n").count == 1, "\(text)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == ["taken", "x.bin"])
  }
}
