import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct BytePairTests {
  /// Oracle: merging by trying all pairs again and again.
  @Test func `merging equals trying every pair`() throws {
    var random = SplitMix64(seed: 9)
    let letters = Array("abcd")
    for round in 0..<60 {
      var tokens = letters.map(String.init)
      var merges: [(String, String)] = []
      for _ in 0..<25 {
        guard let left = tokens.randomElement(using: &random), let right = tokens.randomElement(using: &random),
          left.count + right.count < 9, !merges.contains(where: { $0 == (left, right) })
        else { continue }
        if !tokens.contains(left + right) { tokens.append(left + right) }
        merges.append((left, right))
      }
      let tokenizer = try tokenizer(tokens, merges)
      for _ in 0..<10 {
        let text = String(
          (0..<Int.random(in: 1...60, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
        var symbols = text.map(String.init)
        while let (rank, place) = symbols.indices.dropLast().compactMap({ place in
          merges.firstIndex { $0 == (symbols[place], symbols[place + 1]) }.map { ($0, place) }
        }).min(by: <) {
          symbols.replaceSubrange(place...place + 1, with: [merges[rank].0 + merges[rank].1])
        }
        #expect(tokenizer.encode(text).compactMap(tokenizer.token) == symbols, "\(text), round \(round), seed 9")
      }
    }
  }

  private func tokenizer(_ tokens: [String], _ merges: [(String, String)]) throws -> Tokenizer {
    let vocabulary = tokens.enumerated().map { "\($1.quotedAsJSON):\($0)" }.joined(separator: ",")
    let pairs = merges.map { "[\($0.0.quotedAsJSON),\($0.1.quotedAsJSON)]" }.joined(separator: ",")
    return try Tokenizer(
      huggingFace: Data(
        """
        {"pre_tokenizer":null,"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},
        "content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},"model":{"type":"BPE","vocab":{\(vocabulary)},
        "merges":[\(pairs)]}}
        """.utf8))
  }

  /// A line of a million letters takes about as long, letter by letter, as one of ten thousand.
  @Test func `a very long word takes n log n`() throws {
    let tokenizer = try GoldenTokenizers.tokenizer("gpt2-small")
    func seconds(_ count: Int) -> Double {
      let text = String(repeating: "thea", count: count / 4)
      let start = ContinuousClock.now
      #expect(tokenizer.encode(text).count < count)
      return (ContinuousClock.now - start) / .seconds(1)
    }
    _ = seconds(1000)
    let (short, long) = (seconds(4000), seconds(128_000))
    // Thirty-two times the length; the square would be a thousand times.
    #expect(long < 200 * max(short, 0.001), "\(short) s and \(long) s")
  }

  @Test func `threads that share a tokenizer agree`() async throws {
    let tokenizer = try GoldenTokenizers.tokenizer("llama3-small")
    let texts = try GoldenTokenizers.cases.get().texts.map(\.whole)
    let expected = texts.map { tokenizer.encode($0) }
    let results = await withTaskGroup(of: [[Int]].self) { group in
      for _ in 0..<4 { group.addTask { texts.map { tokenizer.encode($0) } } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0 == expected })
  }
}
