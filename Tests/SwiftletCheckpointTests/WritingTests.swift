import Foundation
import SwiftletFiles
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCheckpoint

/// A Python with torch and safetensors, to read what Swiftlet wrote.
private let python = ProcessInfo.processInfo.environment["SWIFTLET_PYTHON"]

@Suite(torch) struct WritingTests {
  @Test(arguments: Checkpoint.Format.allCases)
  func `what was written reads back`(format: Checkpoint.Format) throws {
    let folder = try TemporaryFolder()
    let state = everyType()
    let url = folder.url.appending(path: "state")
    try state.write(to: url, format: format)
    let back = try Checkpoint.read(from: url)
    #expect(back.names == state.names && back.metadata == state.metadata && described(back) == described(state))
    #expect(back.byteCount == state.byteCount)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["state"])
  }

  @Test func `the extension chooses the format`() {
    #expect(Checkpoint.Format(for: URL(filePath: "/a.safetensors")) == .safetensors)
    #expect(Checkpoint.Format(for: URL(filePath: "/a.pt")) == .torch)
  }

  /// Sizes past 4 GB need zip64 records; here they are written for small sizes.
  @Test func `zip64 files read back`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "state.pt")
    let file = try AtomicFile(replacing: url.path)
    try TorchFileWriter.write(everyType(), to: file, alwaysZip64: true)
    try file.commit()
    #expect(described(try Checkpoint.read(from: url)) == described(everyType()))
  }

  @Test func `tensors that share memory are stored once`() throws {
    let folder = try TemporaryFolder()
    let tied = Tensor.ones([1000])
    let url = folder.url.appending(path: "tied.pt")
    try StateDictionary([("a", tied), ("b", tied.detached()), ("c", tied.view([10, 100]))]).write(to: url)
    let size = try #require(FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int)
    #expect(size < 2 * tied.byteCount)
    let back = try Checkpoint.read(from: url)
    #expect(back["b"]?.sum().item() == 1000 && back["c"]?.shape == [10, 100])
  }

  @Test func `changing a tensor that was read leaves the file alone`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "state.safetensors")
    try StateDictionary([("a", Tensor.ones([4]))]).write(to: url)
    try Checkpoint.read(from: url)["a"]?.zeroInPlace()
    #expect(try Checkpoint.read(from: url)["a"]?.sum().item() == 4)
  }

  @Test func `a file that is read can be replaced`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "state.pt")
    try StateDictionary([("a", Tensor.ones([5000]))]).write(to: url)
    let old = try Checkpoint.read(from: url)
    try StateDictionary([("a", Tensor.zeros([5]))]).write(to: url)
    #expect(old["a"]?.sum().item() == 5000)
    #expect(try Checkpoint.read(from: url)["a"]?.shape == [5])
  }

  @Test func `a folder that is missing is an error`() {
    let url = URL(filePath: "/nowhere/at/all/state.pt")
    let error = #expect(throws: CheckpointError.self) { try everyType().write(to: url) }
    #expect(error?.cause == .unwritable)
    #expect(error?.description == "/nowhere/at/all/state.pt: cannot be created: No such file or directory")
  }

  /// The limit on file sizes stands in for a full disk, in a process of its own.
  @Test func `a full disk leaves the old file`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let url = folder.url.appending(path: "state.pt")
      try StateDictionary([("a", Tensor.ones([100]))]).write(to: url)
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 50_000, rlim_max: 50_000)
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      for format in Checkpoint.Format.allCases {
        do {
          try StateDictionary([("a", Tensor.zeros([100_000]))]).write(to: url, format: format)
          fatalError("the write should have failed")
        } catch let error as CheckpointError {
          precondition(error.cause == .unwritable && error.message == "cannot be written: File too large")
        }
      }
      let kept = try Checkpoint.read(from: url)["a"]?.sum().item()
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      precondition(kept == 100 && names == ["state.pt"])
    }
  }

  /// Oracle: PyTorch and safetensors themselves.
  @Test(
    .enabled(if: python != nil, "SWIFTLET_PYTHON names no Python with torch and safetensors"),
    arguments: ["state.pt", "state64.pt", "state.safetensors"])
  func `Python reads what was written`(name: String) throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: name)
    if name == "state64.pt" {
      let file = try AtomicFile(replacing: url.path)
      try TorchFileWriter.write(everyType(), to: file, alwaysZip64: true)
      try file.commit()
    } else {
      try everyType().write(to: url)
    }
    let wanted = folder.url.appending(path: "expected.json")
    try JSONEncoder().encode(described(everyType())).write(to: wanted)
    let process = Process()
    process.executableURL = URL(filePath: try #require(python))
    let script = goldens.appending(path: "../../../tools/goldens/checkpoints.py").standardized.path
    process.arguments = [script, "--read", url.path, wanted.path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}

@Suite(torch) struct StateDictionaryTests {
  @Test func `names keep their order`() {
    var state = StateDictionary([("b", Tensor.zeros([1])), ("a", Tensor.zeros([2])), ("c", Tensor.zeros([3]))])
    state["a"] = Tensor.zeros([5])
    #expect(state.names == ["b", "a", "c"] && state["a"]?.shape == [5])
    state["b"] = nil
    state["d"] = Tensor.zeros([4])
    #expect(state.names == ["a", "c", "d"] && state["b"] == nil && state["d"]?.shape == [4])
    var whole = StateDictionary()
    whole.add(state, prefix: "model.")
    #expect(whole.names == ["model.a", "model.c", "model.d"] && whole.part("model.").names == state.names)
  }
}
