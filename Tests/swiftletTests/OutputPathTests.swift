import Foundation
import SwiftletReport
import SwiftletTensor
import SwiftletTraining
import TestSupport
import Testing
import TrainingTestSupport

@testable import swiftlet

/// Runs the built `swiftlet` as a shell does, with output paths that would destroy something.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct OutputPathTests {
  static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
    path: "swiftlet")

  /// The status, and what is printed on both streams.
  static func run(_ arguments: [String], in folder: URL) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }

  @Test func `no command replaces what it reads, or a file of another kind`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, folder in
      let manager = FileManager.default
      try Data(SmallNetwork.yaml.utf8).write(to: folder.appending(path: "tiny.yaml"))
      try manager.createDirectory(at: folder.appending(path: "exp"), withIntermediateDirectories: true)
      try Data(SmallNetwork.yaml.utf8).write(to: folder.appending(path: "exp/recipe.yaml"))
      try manager.createDirectory(at: folder.appending(path: "foreign"), withIntermediateDirectories: true)
      try manager.copyItem(at: checkpoint, to: folder.appending(path: "foreign/model.safetensors"))
      try manager.linkItem(at: checkpoint, to: folder.appending(path: "hard.safetensors"))
      try manager.createDirectory(at: folder.appending(path: "demo/dense"), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: folder.appending(path: "demo/dense/model.safetensors"))
      try Data("mine".utf8).write(to: folder.appending(path: "mine.trace.jsonl"))
      try Data("task: language\n".utf8).write(to: folder.appending(path: "words.yaml"))
      try manager.createDirectory(at: folder.appending(path: "words"), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: folder.appending(path: "words/config.json"))
      func contents() throws -> [String: Data] {
        let names = try #require(manager.enumerator(atPath: folder.path)).compactMap { $0 as? String }
        return try Dictionary(
          uniqueKeysWithValues: names.compactMap { name -> (String, Data)? in
            var isFolder: ObjCBool = false
            let file = folder.appending(path: name)
            guard manager.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
            return (name, try Data(contentsOf: file))
          })
      }
      let before = try contents()

      let (dense, search) = ("dense.safetensors", ["search", "tiny.yaml", "--checkpoint", "dense.safetensors"])
      let refused = [
        ["export", "--checkpoint", dense, "--out", dense],
        ["export", "--checkpoint", dense, "--out", "./exp/../hard.safetensors"],
        ["export", "--checkpoint", dense, "--out", "tiny.yaml"],
        ["export", "--checkpoint", dense, "--out", "exp"],
        ["plan", "tiny.yaml", "--uniform", "2:4", "--recipe", "tiny.yaml"],
        ["plan", dense, "--uniform", "2:4", "--recipe", "tiny.yaml"],
        search + ["--budget", "flops=0.7", "--out", "tiny.yaml"],
        search + ["--budget", "flops=0.7", "--out", "mine.json"],
        search + ["--budget", "flops=0.7", "--out", "evaluations.jsonl"],
        ["report", "foreign", "--out", "foreign/model.safetensors"],
        ["train", "exp/recipe.yaml", "--out", "exp"],
        ["train", "tiny.yaml", "--out", "foreign"],
        ["train", "tiny.yaml", "--out", "tiny.yaml"],
        ["train", "words.yaml", "--out", "words"],
        ["train", "words.yaml", "--out", "words", "--resume", "--data", "words/config.json"],
        ["compress", "--checkpoint", "foreign/model.safetensors", "--pattern", "2:4", "--out", "foreign"],
        ["demo", "--out", "demo"],
        ["bench", "calibrate", "--recipe", "tiny.yaml", "--out", "tiny.yaml"],
      ]
      for arguments in refused {
        let (status, text) = try Self.run(arguments, in: folder)
        #expect(status == 1, "\(arguments): \(text)")
        #expect(text.split(separator: "\n").count == 1 && text.hasPrefix("error: "), "\(arguments): \(text)")
        #expect(text.contains("choose another"), "\(arguments): \(text)")
      }
      #expect(try contents() == before)
    }
  }

  @Test func `older results of the same kind are replaced, in folders that need not be there`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, folder in
      for _ in 0..<2 {
        for arguments in [
          ["export", "--checkpoint", "dense.safetensors", "--out", "new/model.swiftlet"],
          ["plan", "new/plan.json", "--uniform", "2:4", "--checkpoint", "dense.safetensors"],
        ] {
          let (status, text) = try Self.run(arguments, in: folder)
          #expect(status == 0, "\(arguments): \(text)")
        }
      }
      // The plan of the folder is written back as it was read.
      let compress = ["compress", "--checkpoint", "dense.safetensors", "--plan", "new/plan.json", "--out", "new"]
      #expect(try Self.run(compress, in: folder).status == 0)
      let page = folder.appending(path: "page.html")
      try Report(title: "one").write(to: page)
      #expect(Report.isReport(at: page.path))
      #expect(!Report.isReport(at: folder.appending(path: "new/plan.json").path))
      #expect(throws: ReportError.self) { try Report(title: "two").write(to: folder.appending(path: "none/page.html")) }
    }
  }

  @Test func `wrong usage ends with 64 and one sentence`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array(SmallNetwork.yaml.utf8), to: "tiny.yaml")
    let cases: [([String], String)] = [
      (["trian"], "error: swiftlet has no command \"trian\"; did you mean train?\n"),
      (["bench", "clibrate"], "error: swiftlet bench has no command \"clibrate\"; did you mean calibrate?\n"),
      (
        ["train", "tiny.yaml", "--set", "nonsense"],
        "error: --set nonsense: nonsense is not an override, expected key=value as in training.epochs=2\n"
      ),
      (
        ["train", "tiny.yaml", "--set", "training.epochs=x"],
        "error: --set training.epochs=x: training.epochs is 'x', expected a whole number\n"
      ),
      (
        ["train", "tiny.yaml", "--checkpoint", "none"],
        "error: --checkpoint is the dense network that a supernet starts from, and the recipe has no supernet section: "
          + "begin with its weights by --start, or finetune with swiftlet compress --finetune\n"
      ),
    ]
    for (arguments, sentence) in cases {
      let (status, text) = try Self.run(arguments, in: folder.url)
      #expect((status, text) == (64, sentence), "\(arguments)")
    }
    #expect(try Self.run(["bench", "none.swiftlet"], in: folder.url).status == 66)
  }
}
