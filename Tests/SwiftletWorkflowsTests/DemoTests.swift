import Foundation
import SwiftletFiles
import SwiftletRuntime
import SwiftletTensor
import SwiftletWorkflows
import TestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct DemoTests {
  static let small = [
    "model.configuration.width=32", "model.configuration.depth=1", "data.shapes={training: 44, test: 8, seed: 7}",
    "training.epochs=1", "training.warmupEpochs=0", "compression.warmupEpochs=0",
  ]

  @Test func `the whole way leaves files, their figures and a page`() throws {
    let folder = try TemporaryFolder()
    var demo = try Demo(in: folder.url, threads: 1, overrides: Self.small)
    var parts = 0
    demo.announce = { _ in parts += 1 }
    let outcome = try demo.run()
    #expect(parts == 7)
    #expect(
      outcome.results.map(\.name) == ["dense fp32", "dense int8", "2:4 fp32", "2:4 int8", "1:4 fp32", "1:4 int8"])
    #expect(outcome.results[0].speedUp == 1)
    #expect(outcome.results[4].multiplyAdds < outcome.results[2].multiplyAdds)
    let files = try ["dense-fp32", "1of4-int8"].map {
      try ModelFile(contentsOf: folder.url.appending(path: "\($0).swiftlet"))
    }
    #expect(files.map(\.byteCount) == [outcome.results[0].fileBytes, outcome.results[5].fileBytes])
    #expect(
      try StrictJSON.decode([DemoResult].self, from: Data(contentsOf: outcome.file)) == outcome.results)
    #expect("\(outcome)".contains("Report: \(outcome.page.path)"))

    let report = try RunReport(of: [folder.url.appending(path: "dense"), folder.url.appending(path: "2of4")])
    #expect(report.page.title == "2 runs" && report.runs.map(\.name) == ["dense", "2of4"])
    #expect(report.runs.allSatisfy { $0.last.validationAccuracy != nil })
    #expect(report.runs.table.rows.count == 2)
  }

  @Test func `what something else wrote is not replaced`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("mine".utf8), to: "results.json")
    #expect(throws: OutputError.self) { try Demo(in: folder.url, threads: 1, overrides: Self.small).run() }
  }
}
