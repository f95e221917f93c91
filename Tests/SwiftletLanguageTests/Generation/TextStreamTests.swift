import LanguageTestSupport
import SwiftletText
import Testing

@testable import SwiftletLanguage

@Suite struct TextStreamTests {
  private func stream(_ reader: ScriptedReader, after prompt: [Int], _ options: GenerationOptions) -> TextStream {
    TextStream(by: { reader }, after: { prompt }, options)
  }

  @Test func `a stream gives the pieces of the text, and each loop the same`() async throws {
    let stream = stream(.babbling(), after: [97, 98], .init(maxTokens: 20))
    var generation = try Generation(by: ScriptedReader.babbling(), .init(maxTokens: 20))
    try generation.begin(after: [97, 98], continues: true)
    let expected = try GenerationTests.pieces(&generation).0
    for _ in 0..<2 {
      var (pieces, ending) = ([String](), Generation.Ending?.none)
      for try await piece in stream {
        pieces.append("\(piece)")
        ending = piece.outcome?.ending
      }
      #expect(pieces == expected && ending == .maxTokens)
    }
  }

  @Test func `whoever leaves the loop has ended the text`() async throws {
    weak var log: ReadLog?
    do {
      let reader = ScriptedReader.babbling()
      log = reader.log
      var count = 0
      for try await _ in stream(reader, after: [97], .init()) {
        count += 1
        if count == 3 { break }
      }
      #expect(log?.all.count == 3)
    }
    #expect(log == nil)
  }

  @Test func `a task that is cancelled ends the text cleanly`() async throws {
    let reader = ScriptedReader.babbling()
    let stream = stream(reader, after: [97], .init(whenFull: .slide()))
    let (signal, begun) = AsyncStream<Void>.makeStream()
    let task = Task {
      var (last, count) = (Generation.Piece?.none, 0)
      for try await piece in stream {
        (last, count) = (piece, count + 1)
        if count == 5 { begun.yield() }
      }
      return last?.outcome
    }
    for await _ in signal { break }
    task.cancel()
    let outcome = try #require(await task.value)
    #expect(outcome.ending == .cancelled && outcome.tokens.count >= 5)
    let before = reader.log.all.count
    try await Task.sleep(for: .milliseconds(20))
    #expect(reader.log.all.count == before)
  }

  @Test func `a prompt that is refused is the stream's error`() async throws {
    var iterator = stream(.babbling(), after: [], .init()).makeAsyncIterator()
    await #expect(throws: LanguageError.emptyPrompt) { try await iterator.next() }
    #expect(try await iterator.next() == nil)
  }

  @Test func `texts that take turns do not disturb each other`() async throws {
    let prompts = [[97], [98, 99], [100]]
    let options = GenerationOptions(sampling: .init(temperature: 1, seed: 3), maxTokens: 30)
    var alone: [String] = []
    for prompt in prompts {
      var text = ""
      for try await piece in stream(.babbling(), after: prompt, options) { text += piece.text }
      alone.append(text)
    }
    var iterators = prompts.map { stream(.babbling(), after: $0, options).makeAsyncIterator() }
    var texts = Array(repeating: "", count: 3)
    for _ in 0..<31 {
      for index in iterators.indices { texts[index] += try await iterators[index].next()?.text ?? "" }
    }
    #expect(texts == alone)
  }
}
