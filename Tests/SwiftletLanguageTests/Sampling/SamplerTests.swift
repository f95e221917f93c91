import Foundation
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletLanguage

@Suite struct SamplerTests {
  /// Scores as networks give them: most far below the highest, some equal.
  static func scores(_ count: Int, seed: UInt64) -> [Float] {
    var random = RandomStream(seed: seed)
    return (0..<count).map { _ in Float((random.normal() * 3 * 16).rounded() / 16) }
  }

  static let filters: [SamplingOptions] = [
    SamplingOptions(temperature: 1), SamplingOptions(temperature: 0.7, topK: 5),
    SamplingOptions(temperature: 1.3, topP: 0.9), SamplingOptions(temperature: 1, minP: 0.1),
    SamplingOptions(temperature: 2, topK: 50, topP: 0.8, minP: 0.05),
    SamplingOptions(
      temperature: 1, topP: 0.7, repetitionPenalty: .init(1.4, window: 3), biases: [0: 3, 2: -.infinity]),
  ]

  /// Oracle: the definitions, by sorting everything.
  static func plainCandidates(
    _ scores: [Float], after tokens: [Int], _ options: SamplingOptions
  ) -> [(token: Int, probability: Double)] {
    var scores = scores
    for (token, bias) in options.biases { scores[token] += bias }
    if let penalty = options.repetitionPenalty {
      for token in Set(tokens.suffix(penalty.window ?? .max)) {
        let factor = Float(penalty.factor)
        scores[token] = scores[token] < 0 ? scores[token] * factor : scores[token] / factor
      }
    }
    var order = scores.indices.filter { scores[$0] > -.infinity }.sorted { (scores[$1], $0) < (scores[$0], $1) }
    if let topK = options.topK, topK < order.count {
      let least = scores[order[topK - 1]]
      order = order.filter { scores[$0] >= least }
    }
    let highest = Double(scores[order[0]])
    var weights = order.map { exp((Double(scores[$0]) - highest) / options.temperature) }
    if let topP = options.topP {
      let (total, before) = (weights.reduce(0, +), weights)
      var (count, sum) = (0, 0.0)
      while count < before.count, sum < topP * total { (count, sum) = (count + 1, sum + before[count]) }
      (order, weights) = (Array(order.prefix(count)), Array(weights.prefix(count)))
    }
    if let minP = options.minP {
      let count = weights.prefix { $0 >= minP }.count
      (order, weights) = (Array(order.prefix(count)), Array(weights.prefix(count)))
    }
    let total = weights.reduce(0, +)
    return zip(order, weights).map { ($0, $1 / total) }
  }

  @Test(arguments: [1, 2, 3, 17, 400, 3001], filters.indices)
  func `candidates are those of the definitions`(vocabulary: Int, filter: Int) throws {
    var options = Self.filters[filter]
    options.biases = options.biases.filter { $0.key < vocabulary }
    if options.biases.count == vocabulary { options.biases = [:] }
    var sampler = try Sampler(options, vocabulary: vocabulary)
    for seed in 0..<5 {
      let scores = Self.scores(vocabulary, seed: UInt64(seed * 100 + vocabulary))
      let tokens = (0..<6).map { ($0 * 7 + seed) % vocabulary }
      let found = try sampler.candidates(from: scores, after: tokens)
      let expected = Self.plainCandidates(scores, after: tokens, options)
      #expect(found.map(\.token) == expected.map(\.token))
      #expect(zip(found, expected).allSatisfy { abs($0.probability - $1.probability) < 1e-12 })
    }
  }

  /// What `tools/goldens/sampling.py` keeps of transformers.
  private struct Golden: Decodable {
    struct Options: Decodable {
      let temperature: Double
      let topK: Int?
      let topP, minP, repetitionPenalty: Double?
      let biases: [String: Bias]?
    }

    struct Bias: Decodable {
      let value: Float

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = try (try? container.decode(Float.self)) ?? (Float(container.decode(String.self)) ?? .nan)
      }
    }

    let options: Options
    let scores: [Float]
    let tokens: [Int]
    let left: [[Double]]
  }

  /// Oracle: the logits processors of transformers, which reckon in 32 bits.
  @Test func `filters and their order are those of transformers`() throws {
    let file = Goldens.url("sampling.json", beside: #filePath.replacing("/Sampling", with: ""))
    let goldens = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
    #expect(goldens.count == 23)
    for golden in goldens {
      let given = golden.options
      let options = SamplingOptions(
        temperature: given.temperature, topK: given.topK, topP: given.topP, minP: given.minP,
        repetitionPenalty: given.repetitionPenalty.map { .init($0) },
        biases: Dictionary(uniqueKeysWithValues: (given.biases ?? [:]).map { (Int($0.key) ?? -1, $0.value.value) }))
      var sampler = try Sampler(options, vocabulary: golden.scores.count)
      let found = try sampler.candidates(from: golden.scores, after: golden.tokens).sorted { $0.token < $1.token }
      #expect(found.map(\.token) == golden.left.map { Int($0[0]) }, "\(given)")
      for (found, expected) in zip(found, golden.left) {
        // A score of 32 bits divided by a low temperature is off by 1e-7 of its size, 400 at most here.
        #expect(abs(found.probability - expected[1]) <= 1e-4 * expected[1], "\(given)")
      }
    }
  }

  @Test(arguments: filters.indices)
  func `a seed decides every draw, and a copy draws the same`(filter: Int) throws {
    var options = Self.filters[filter]
    options.seed = 7
    var first = try Sampler(options, vocabulary: 300)
    var second = try Sampler(options, vocabulary: 300)
    func draw(_ sampler: inout Sampler, _ count: Int) throws -> [Int] {
      try (0..<count).reduce(into: []) { tokens, step in
        tokens.append(try sampler.next(from: Self.scores(300, seed: UInt64(step)), after: tokens))
      }
    }
    #expect(try draw(&first, 20) == draw(&second, 20))
    var copy = first
    #expect(try draw(&first, 20) == draw(&copy, 20))
    options.seed = 8
    var other = try Sampler(options, vocabulary: 300)
    #expect(try draw(&first, 40) != draw(&other, 40))
  }

  @Test func `without a seed each sampler draws its own, and says by which seed`() throws {
    let options = SamplingOptions(temperature: 1)
    var samplers = try (0..<2).map { _ in try Sampler(options, vocabulary: 300) }
    let scores = Self.scores(300, seed: 1)
    let drawn = try samplers.indices.map { index in
      try (0..<30).map { _ in try samplers[index].next(from: scores, after: []) }
    }
    #expect(drawn[0] != drawn[1])
    var again = try Sampler(SamplingOptions(temperature: 1, seed: samplers[0].seed), vocabulary: 300)
    #expect(try (0..<30).map { _ in try again.next(from: scores, after: []) } == drawn[0])
  }

  @Test func `filters that rule nothing out change no draw`() throws {
    let scores = Self.scores(500, seed: 3)
    let free = SamplingOptions(temperature: 1, seed: 5)
    var expected = try Sampler(free, vocabulary: 500)
    let tokens = try (0..<50).map { _ in try expected.next(from: scores, after: [1, 2]) }
    for change: (inout SamplingOptions) -> Void in [
      { $0.topK = 500 }, { $0.topK = 4_000 }, { $0.topP = 1 }, { $0.minP = 0 }, { $0.repetitionPenalty = .init(1) },
      { $0.biases = [3: 0] },
    ] {
      var options = free
      change(&options)
      var sampler = try Sampler(options, vocabulary: 500)
      #expect(try (0..<50).map { _ in try sampler.next(from: scores, after: [1, 2]) } == tokens)
    }
  }

  @Test(arguments: filters.indices)
  func `tokens are drawn as often as they are likely`(filter: Int) throws {
    var options = Self.filters[filter]
    options.seed = 11
    let scores = Self.scores(12, seed: 2)
    var sampler = try Sampler(options, vocabulary: 12)
    let candidates = try sampler.candidates(from: scores, after: [4])
    let draws = 20_000
    var counts = Array(repeating: 0, count: 12)
    for _ in 0..<draws { counts[try sampler.next(from: scores, after: [4])] += 1 }
    for (token, probability) in candidates {
      // Five standard deviations.
      let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
      #expect(abs(Double(counts[token]) - Double(draws) * probability) <= 5 * deviation + 1, "token \(token)")
      counts[token] = 0
    }
    #expect(counts.allSatisfy { $0 == 0 })
  }

  @Test func `without temperature the highest score wins, of equals the first`() throws {
    var sampler = try Sampler(SamplingOptions(topK: 2, topP: 0.5), vocabulary: 4)
    #expect(try sampler.next(from: [1, 3, 3, 2], after: []) == 1)
    #expect(try sampler.candidates(from: [-9, -9, -9, -.infinity], after: []).map(\.token) == [0])
    // The limit of low temperatures.
    var cold = try Sampler(SamplingOptions(temperature: .leastNonzeroMagnitude), vocabulary: 4)
    #expect(try cold.next(from: [1, 3, 2.999, -.infinity], after: []) == 1)
  }

  @Test func `top-k keeps what is as good as the last, top-p takes the first of equals`() throws {
    var topK = try Sampler(SamplingOptions(temperature: 1, topK: 2), vocabulary: 5)
    #expect(try topK.candidates(from: [0, 1, 0, 0, -1], after: []).map(\.token) == [1, 0, 2, 3])
    var topP = try Sampler(SamplingOptions(temperature: 1, topP: 0.5), vocabulary: 4)
    #expect(try topP.candidates(from: [2, 2, 2, 2], after: []).map(\.token) == [0, 1])
  }

  @Test func `the penalty counts the newest tokens alone, and each once`() throws {
    let options = SamplingOptions(temperature: 1, repetitionPenalty: .init(2, window: 2))
    var sampler = try Sampler(options, vocabulary: 3)
    let found = try sampler.candidates(from: [4, 4, -1], after: [1, 0, 0, 2, 2]).sorted { $0.token < $1.token }
    #expect(found[0].probability == found[1].probability)
    #expect(abs(log(found[0].probability / found[2].probability) - 6) < 1e-9)
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a score that is no number is an error that names the token`(score: Float) throws {
    for temperature in [0.0, 1] {
      var sampler = try Sampler(SamplingOptions(temperature: temperature), vocabulary: 3)
      let error = #expect(throws: LanguageError.self) { try sampler.next(from: [0, score, 1], after: []) }
      #expect(error == .notFinite(token: 1))
      #expect("\(try #require(error))".contains("token 1 a score that is infinite or not a number"))
    }
  }

  @Test func `biases that rule everything out are an error`() throws {
    let options = SamplingOptions(temperature: 1, biases: [0: -.infinity, 1: -.infinity])
    var sampler = try Sampler(options, vocabulary: 2)
    #expect(throws: LanguageError.noCandidate) { try sampler.next(from: [3, 4], after: []) }
  }

  @Test func `an option out of its range is refused in one sentence`() throws {
    func refusal(_ options: SamplingOptions) throws -> String {
      "\(try #require(throws: LanguageError.self) { try Sampler(options, vocabulary: 10) })"
    }
    for (options, sentence) in [
      (SamplingOptions(temperature: -1), "the temperature is -1.0: it takes numbers from 0 on"),
      (SamplingOptions(temperature: .nan), "the temperature is nan: it takes numbers from 0 on"),
      (SamplingOptions(topK: 0), "top-k is 0: it takes whole numbers from 1 on"),
      (SamplingOptions(topP: 0), "top-p is 0.0: it takes numbers above 0, up to 1"),
      (SamplingOptions(topP: .nan), "top-p is nan: it takes numbers above 0, up to 1"),
      (SamplingOptions(minP: 1.1), "min-p is 1.1: it takes numbers from 0 to 1"),
      (
        SamplingOptions(repetitionPenalty: .init(0)), "the repetition penalty is 0.0: it takes numbers above 0"
      ),
      (
        SamplingOptions(repetitionPenalty: .init(1, window: 0)),
        "the repetition penalty's window is 0: it takes whole numbers from 1 on"
      ),
      (SamplingOptions(biases: [10: 1]), "a bias's token is 10: it takes ids from 0 to 9"),
      (SamplingOptions(biases: [1: .nan]), "the bias of token 1 is nan: it takes numbers, and minus infinity"),
    ] {
      #expect(try refusal(options) == sentence)
    }
  }
}
