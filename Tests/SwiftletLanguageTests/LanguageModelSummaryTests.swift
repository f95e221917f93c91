import LanguageTestSupport
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletLanguage

@Suite struct LanguageModelSummaryTests {
  /// Law: a text takes the bytes that were told, however long it is.
  @Test func `the memory of a text is what is told of it`() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "model")
    var successors = SuccessorModel(saying: "abc")
    successors.contextLength = 600
    try successors.write(to: file)
    let model = try LanguageModel(contentsOf: file, threads: 1)
    for count in [1, 255, 256, 257, 600] {
      var sequence = model.makeSequence()
      _ = try model.scores(after: Array(repeating: 97, count: count), in: &sequence)
      let summary = try LanguageModelSummary(contentsOf: file, context: count)
      #expect(summary.contextBytes == sequence.pages.count * MemoryPages(model.program).byteCount)
      #expect(Double(summary.contextBytes) >= summary.bytesPerToken * Double(count))
      #expect(summary.bytesPerToken == model.program.memoryBytesPerToken)
    }
    let whole = try LanguageModelSummary(contentsOf: file)
    #expect(whole.context == 600 && whole.layers.count == 1 && whole.hasChatTemplate)
    #expect(whole.weightBytes == ["f32": 4 * whole.weights] && whole.metadataBytesPerToken == 0)
    #expect(whole.multiplyAdds == 258 * (3 * 8 + 8 + 2 * 8 + 8 + 258))
    #expect(throws: LanguageError.self) { try LanguageModelSummary(contentsOf: file, context: 601) }
  }
}
