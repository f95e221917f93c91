import Foundation
import SwiftletCheckpoint
import SwiftletTensor
import Testing

@testable import SwiftletTraining

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct FullDiskTests {
  /// In a process of its own, because the limit on the size of files that stands for the full disk holds for all of a
  /// process: `write` fails in the middle of the file in both cases.
  @Test func `a checkpoint that does not fit leaves the old one whole`() async {
    await #expect(processExitsWith: .success) {
      let tiny = try TinyRun()
      defer { tiny.remove() }
      let run = try tiny.make("run")
      try run.start()
      let before = try Data(contentsOf: run.directory.checkpoint)
      let checkpoint = try TrainingCheckpoint<Recipe>.read(from: run.directory.checkpoint)

      signal(SIGXFSZ, SIG_IGN)
      let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
      var limit = rlimit()
      getrlimit(resource, &limit)
      var small = limit
      small.rlim_cur = rlim_t(before.count / 2)
      setrlimit(resource, &small)
      var problem = ""
      do { try checkpoint.write(to: run.directory.checkpoint) } catch { problem = "\(error)" }
      setrlimit(resource, &limit)

      #expect(problem.contains("checkpoint.safetensors") && problem.contains("File too large"), "\(problem)")
      #expect(try Data(contentsOf: run.directory.checkpoint) == before)
      let files = try FileManager.default.contentsOfDirectory(atPath: run.directory.url.path)
      #expect(files.sorted() == ["checkpoint.safetensors", "metrics.jsonl", "model.safetensors", "recipe.yaml"])
      #expect(throws: Never.self) { try tiny.make("run", resume: true) }
    }
  }
}
