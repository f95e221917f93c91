import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletBenchmarkKit
@testable import SwiftletRuntime

@Suite struct ProfileTests {
  static let peaks = MachinePeaks(
    threads: 1, gigaOperationsPerSecond: [.fp32: 100, .int8: 400], gigabytesPerSecond: 10)

  static func entry(
    _ operation: String, _ precision: Precision, multiplyAdds: Int, bytes: Int, milliseconds: Double
  ) -> Profile.Entry {
    Profile.Entry(
      name: "\(operation) node", operation: operation, kernel: nil, precision: precision, multiplyAdds: multiplyAdds,
      bytes: bytes, bestMilliseconds: milliseconds, medianMilliseconds: milliseconds)
  }

  /// Oracle: the arithmetic by hand.
  @Test func `rates and shares follow from times, operations and bytes`() throws {
    let profile = Profile(
      lengths: ["batch": 1], threads: 1, runs: 1,
      entries: [
        // 2 * 25e6 operations in 1 ms: 50 of 100 GOP/s; 5 MB in 1 ms: 5 of 10 GB/s.
        Self.entry("linear", .fp32, multiplyAdds: 25_000_000, bytes: 5_000_000, milliseconds: 1),
        // 2 * 300e6 in 2 ms: 300 of 400 GOP/s.
        Self.entry("linear", .int8, multiplyAdds: 300_000_000, bytes: 10_000_000, milliseconds: 2),
        Self.entry("add", .fp32, multiplyAdds: 0, bytes: 10_000_000, milliseconds: 1),
        // A view, which does nothing.
        Self.entry("reshape", .fp32, multiplyAdds: 0, bytes: 0, milliseconds: 0),
      ], bestMilliseconds: 4, medianMilliseconds: 4)
    let report = ModelProfile(profile, model: "model", batch: 1, peaks: Self.peaks)
    #expect(report.nodes.map(\.operation) == ["linear", "linear", "add"])
    #expect(report.nodes.map(\.shareOfTime) == [0.25, 0.5, 0.25])
    #expect(report.nodes.map(\.gigaOperationsPerSecond) == [50, 300, 0])
    #expect(report.nodes.map(\.shareOfOperations) == [0.5, 0.75, 0])
    #expect(report.nodes.map(\.shareOfReading) == [0.5, 0.5, 1])
    #expect(report.kinds.map(\.operation) == ["linear", "add"])
    // At their peaks the two would take 0.5 and 1.5 of 3 ms.
    #expect(report.kinds[0].count == 2 && report.kinds[0].milliseconds == 3)
    #expect(abs(report.kinds[0].shareOfOperations - 2 / 3) < 1e-12)
  }

  static func session(threads: Int) throws -> Session {
    var settings = RandomVisionTransformer(size: .tiny, precision: .int8, pattern: .init(keeping: 2, of: 4))
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    return try Session(settings.model(), threads: threads)
  }

  @Test func `a profile counts the multiply-adds that the model's summary counts`() throws {
    let session = try Self.session(threads: 1)
    let profile = try ModelProfile(of: session, batch: 2, runs: 1, peaks: Self.peaks).profile
    let summary = try ModelSummary(session.model)
    #expect(profile.entries.reduce(0) { $0 + $1.multiplyAdds } == 2 * summary.multiplyAdds)
    let layer = try #require(profile.entries.first { $0.name == "blocks.0.mlp.fc1" })
    #expect(layer.precision == .int8 && layer.kernel != nil)
    // Half of 192 x 768 weights, of 8 bits and 2 bits of index, or more as a kernel wants them.
    #expect(layer.bytes > 192 * 768 / 2 * 10 / 8)
  }

  @Test(arguments: [1, 3]) func `a trace has a span for every node that works, in order on each thread`(threads: Int)
    throws
  {
    let session = try Self.session(threads: threads)
    let spans = try session.trace(session.randomInputs(batch: 4))
    for thread in 0..<threads {
      let own = spans.filter { $0.thread == thread }
      for (first, second) in zip(own, own.dropFirst()) {
        #expect(first.startMicroseconds + first.microseconds <= second.startMicroseconds + 1e-3)
      }
    }
    #expect(spans.allSatisfy { (0..<threads).contains($0.thread) && $0.tiles > 0 && $0.microseconds >= 0 })
    let profile = try session.profile(session.randomInputs(batch: 4), runs: 1)
    #expect(Set(spans.map(\.node)) == Set(profile.entries.filter { $0.bytes > 0 }.map(\.name)))
  }

  @Test func `a trace is told from other files`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("trace.json")
    try TraceFile(of: Self.session(threads: 2), batch: 1).write(to: path)
    #expect(TraceFile.isTrace(at: path))
    try AtomicFile.write("{\"traceEvents\": []}", replacing: path)
    #expect(!TraceFile.isTrace(at: path))
  }

  @Test func `what the machine does at best is measured`() throws {
    let peaks = try MachinePeaks.measure(threads: 2)
    #expect(Set(peaks.gigaOperationsPerSecond.keys) == Set(Precision.allCases))
    #expect(peaks.gigaOperationsPerSecond.values.allSatisfy { $0 > 0 } && peaks.gigabytesPerSecond > 0)
  }
}
