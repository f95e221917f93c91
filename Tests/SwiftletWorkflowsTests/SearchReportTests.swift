import Foundation
import SwiftletReport
import SwiftletSearch
import SwiftletTraining
import Testing

@testable import SwiftletWorkflows

@Suite struct SearchReportTests {
  /// Oracle: the marks that each candidate leaves, counted.
  @Test func `every candidate and every layer is in the pictures`() throws {
    let header = """
      {"accelerator":"","budget":"flops=0.5","dense":160,"fixed":0,"format":"swiftlet.search","measure":"loss",\
      "method":"knapsack","model":"two layers","seed":0,"slots":[\
      {"layer":"blocks.0.mlp.fc1","levels":[{"cost":20,"pattern":"1:4","precision":"fp32"},{"cost":80,"pattern":"4:4","precision":"fp32"}]},\
      {"layer":"blocks.1.mlp.fc1","levels":[{"cost":20,"pattern":"1:4","precision":"fp32"},{"cost":80,"pattern":"4:4","precision":"fp32"}]}],\
      "uniform":[],"unit":"multiplyAdds","version":1,"window":[95,100]}
      """
    func line(_ levels: [Int], _ cost: Int, _ loss: String, _ origin: String) -> String {
      "{\"accuracy\":0.5,\"correct\":5,\"cost\":\(cost),\"images\":10,\"levels\":\(levels),\"loss\":\(loss),\"origin\":\"\(origin)\",\"round\":0}"
    }
    let lines = [
      line([1, 1], 160, "1.0", "sensitivity"), line([0, 1], 100, "1.25", "sensitivity"),
      line([1, 0], 100, "1.125", "sensitivity"), line([0, 0], 40, "\"nan\"", "random"),
    ]
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).trace.jsonl")
    defer { try? FileManager.default.removeItem(at: file) }
    try ([header] + lines).map { $0 + "\n" }.joined().appending("{\"cut").write(
      to: file, atomically: true, encoding: .utf8)
    let trace = try SearchTrace<Evaluation>.read(from: file)
    #expect(trace.lines.count == 4)
    #expect(trace.best?.levels == [1, 0])
    var report = Report(title: "t")
    trace.append(to: &report, named: "s")
    let html = report.html
    // Four costs and accuracies, and three losses that are numbers.
    #expect(html.components(separatedBy: "fill-opacity").count - 1 >= 7)
    for text in ["+0.2500", "+0.1250", "blocks.0", "The best plan", "Loss that 1:4 adds in one layer alone", "62.5 %"] {
      #expect(html.contains(text), "\(text)")
    }
    try "nonsense\n".write(to: file, atomically: true, encoding: .utf8)
    #expect {
      try SearchTrace<Evaluation>.read(from: file)
    } throws: { "\($0)".contains("its first line is not the header of a search") }
  }
}
