import Foundation
import Testing

@testable import SwiftletTraining

@Suite struct MetricsTests {
  let file = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString).jsonl")

  func line(_ step: Int) -> Metrics {
    Metrics(step: step, epoch: Double(step) / 7, loss: 0.1 + 1 / 3, learningRate: 1e-3, seconds: 2)
  }

  /// Law: what is written is read, every digit of it.
  @Test func `lines are read back as written`() throws {
    defer { try? FileManager.default.removeItem(at: file) }
    let log = try MetricsLog(file: file, keepingUpTo: 0)
    for step in 1...3 { try log.append(line(step)) }
    #expect(try MetricsLog.read(file) == (1...3).map(line))
  }

  @Test func `a resumed log forgets the steps after the checkpoint, and a line that was cut off`() throws {
    defer { try? FileManager.default.removeItem(at: file) }
    let log = try MetricsLog(file: file, keepingUpTo: 0)
    for step in 1...3 { try log.append(line(step)) }
    let whole = try Data(contentsOf: file)
    try whole.dropLast(5).write(to: file)
    #expect(try MetricsLog.read(file) == (1...2).map(line))
    try MetricsLog(file: file, keepingUpTo: 1).append(line(2))
    #expect(try MetricsLog.read(file) == (1...2).map(line))
  }

  @Test func `a file that is no log is refused by line`() throws {
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("{\"step\": 1}\n".utf8).write(to: file)
    do {
      _ = try MetricsLog.read(file)
      Issue.record("it was read")
    } catch {
      #expect("\(error)" == "\(file.path) is damaged: line 1 is not a metrics object")
    }
  }
}
