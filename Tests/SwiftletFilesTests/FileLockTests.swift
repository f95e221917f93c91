import Foundation
import SwiftletFiles
import TestSupport
import Testing

private let flockTool = "/usr/bin/flock"

@Suite struct FileLockTests {
  @Test func `a second holder is refused until the first is gone`() throws {
    let folder = try TemporaryFolder()
    for path in [folder.url.path, folder.path("file")] {
      if path.hasSuffix("file") { try folder.write([1], to: "file") }
      var first = lock(path)
      #expect(first != nil)
      guard case .inUse = FileLock.take(path) else {
        Issue.record("two hold \(path)")
        continue
      }
      withExtendedLifetime(first) {}
      first = nil
      #expect(lock(path) != nil)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
  }

  /// Law: a lock ends with its process, however that ends.
  @Test(.enabled(if: access(flockTool, X_OK) == 0, "there is no flock of util-linux"))
  func `a killed process holds nothing`() throws {
    let folder = try TemporaryFolder()
    let holder = Process()
    holder.executableURL = URL(filePath: flockTool)
    holder.arguments = ["--no-fork", folder.url.path, "sleep", "60"]
    try holder.run()
    var isHeld = false
    for _ in 0..<2000 where !isHeld {
      if case .inUse = FileLock.take(folder.url.path) { isHeld = true } else { usleep(5000) }
    }
    kill(holder.processIdentifier, SIGKILL)
    holder.waitUntilExit()
    #expect(isHeld)
    #expect(lock(folder.url.path) != nil)
  }

  @Test func `what cannot be opened says so`() {
    guard case .unavailable(let reason) = FileLock.take("/no/such/place") else {
      Issue.record("a lock on nothing")
      return
    }
    #expect(reason == "no such file or directory")
  }

  private func lock(_ path: String) -> FileLock? {
    if case .held(let lock) = FileLock.take(path) { lock } else { nil }
  }
}
