import Foundation
import SwiftletFiles
import TestSupport
import Testing

@Suite struct PlannedOutputTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Array("input".utf8), to: "input")
    try folder.write(Array("ours 1".utf8), to: "older")
    try folder.write([], to: "empty")
  }

  /// An output of the kind whose files begin with `ours`.
  private func output(_ name: String) -> PlannedOutput {
    PlannedOutput(folder.path(name), kind: "one of ours") { path in
      (try? String(contentsOfFile: path, encoding: .utf8))?.hasPrefix("ours") == true
    }
  }

  private func check(_ names: String..., reading inputs: [String] = []) throws {
    try checkOutputs(names.map(output), reading: inputs.map(folder.path))
  }

  @Test func `new, empty and older results of the kind may be written`() throws {
    try check("new", "empty", "older", "folder/that/is/missing/new", reading: ["input", "missing"])
  }

  @Test func `an input is refused under every name that it has`() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: folder.path("older"))
    try manager.createSymbolicLink(atPath: folder.path("again"), withDestinationPath: folder.path("link"))
    try manager.linkItem(atPath: folder.path("older"), toPath: folder.path("hard"))
    for name in ["older", "./older", "../\(folder.url.lastPathComponent)/older", "link", "again", "hard"] {
      #expect(throws: OutputError.isInput(folder.path(name), input: folder.path("older")), "\(name)") {
        try checkOutputs([output(name)], reading: [folder.path("older")])
      }
      #expect(throws: OutputError.isInput(folder.path("older"), input: folder.path(name)), "\(name)") {
        try checkOutputs([output("older")], reading: [folder.path(name)])
      }
    }
  }

  @Test func `another kind, a folder, a device and a pipe are not replaced`() throws {
    #expect(throws: OutputError.otherKind(folder.path("input"), kind: "one of ours")) { try check("input") }
    #expect(throws: OutputError.notAFile(folder.path("."), isFolder: true)) { try check(".") }
    #expect(throws: OutputError.notAFile("/dev/null", isFolder: false)) {
      try checkOutputs([PlannedOutput("/dev/null", kind: "any") { _ in true }], reading: [])
    }
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(throws: OutputError.notAFile(folder.path("pipe"), isFolder: false)) { try check("pipe") }
    #expect(throws: OutputError.notAFolder(folder.path("input"))) { try check("input/new") }
    #expect(throws: OutputError.notAFolder(folder.path("input"))) { try checkOutputFolder(folder.path("input")) }
  }

  @Test func `two outputs in one file are refused`() throws {
    #expect(throws: OutputError.twice(folder.path("new"))) { try check("new", "new") }
    try FileManager.default.linkItem(atPath: folder.path("older"), toPath: folder.path("hard"))
    #expect(throws: OutputError.twice(folder.path("hard"))) { try check("older", "hard") }
  }

  @Test func `what cannot be written is said before the work`() throws {
    let long = String(repeating: "n", count: 300)
    #expect(throws: OutputError.unwritable(folder.path(long), .unreadable(.inspect, code: ENAMETOOLONG))) {
      try check(long)
    }
  }

  /// 255 bytes are the most that Linux allows.
  @Test func `a name of any length that is allowed can be written`() throws {
    for name in [String(repeating: "n", count: 255), String(repeating: "é", count: 127)] {
      try AtomicFile.write("text", replacing: folder.path(name))
      #expect(try String(contentsOfFile: folder.path(name), encoding: .utf8) == "text")
    }
  }
}
