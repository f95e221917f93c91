import SwiftletFiles
import SwiftletRuntime
import SwiftletText
import Synchronization

/// A language model in a model file, ready to read and to foretell texts.
///
/// ```swift
/// let model = try LanguageModel(contentsOf: URL(filePath: "small.swiftlet"), threads: 2)
/// var text = model.makeSequence()
/// let scores = try model.scores(after: model.tokenizer.encode("Once upon a time"), in: &text)
/// ```
/// The weights are shared by all texts, each of which is a ``TokenSequence``. Calls from several threads take turns.
public final class LanguageModel: Sendable {
  public let program: LanguageProgram
  public let tokenizer: Tokenizer
  /// The path it was opened from.
  public let path: String
  public let threads: Int
  public let instructionSet: InstructionSet
  /// The size of the whole file.
  public let byteCount: Int
  /// Tells its file from those of other models.
  let identity: String
  private let engine: LanguageEngine
  private let turn = Turn()
  /// Tells its texts from those of other models.
  private let number: UInt64
  private static let models = Atomic<UInt64>(0)

  /// Tokens of a text that are read in one step.
  static let tokensOfStep = 256

  /// Maps and checks a file, and packs its weights for this processor.
  ///
  /// - Parameters:
  ///   - threads: the caller's counts, so 1 starts none.
  ///   - instructionSet: the highest level that kernels may use; without one, the processor's.
  public convenience init(
    contentsOf url: URL, threads: Int = processorCount(), instructionSet: InstructionSet? = nil
  ) throws(LanguageError) {
    let container: ModelContainer
    do throws(ModelFileError) { container = try ModelContainer(contentsOf: url) } catch { throw .file(error) }
    try self.init(container, threads: threads, instructionSet: instructionSet)
  }

  /// The language program among a container's.
  package init(
    _ container: ModelContainer, threads: Int = processorCount(), instructionSet: InstructionSet? = nil
  ) throws(LanguageError) {
    program = try LanguageProgram(in: container)
    tokenizer = try program.tokenizer(in: container)
    (path, byteCount, self.threads, identity) = (container.path, container.byteCount, threads, container.identity)
    self.instructionSet = instructionSet ?? .best
    guard InstructionSet.best.includes(self.instructionSet) else {
      throw .session(.instructionSet(self.instructionSet, best: .best))
    }
    let weights: StoredWeights
    do throws(ModelFileError) {
      weights = try StoredWeights(program.constants, ofProgram: LanguageProgram.kind, in: container)
    } catch {
      throw .file(error)
    }
    do throws(SessionError) {
      engine = try LanguageEngine(program, in: weights, threads: threads, instructionSet: self.instructionSet)
    } catch {
      throw .session(error)
    }
    number = Self.models.add(1, ordering: .relaxed).newValue
  }

  /// Whether it has made the text.
  func isOf(_ sequence: TokenSequence) -> Bool { sequence.model == number }

  /// A text that nothing has been read of.
  public func makeSequence() -> TokenSequence { TokenSequence(model: number, pageByteCount: engine.pages.byteCount) }

  /// The bytes of the packed weights.
  public var weightByteCount: Int { engine.weightByteCount }

  /// The scores of what comes next, `[vocabulary]`, after the tokens are read behind those of the text.
  ///
  /// - Throws: ``LanguageError``, and then the text is as it was.
  public func scores(after tokens: [Int], in sequence: inout TokenSequence) throws(LanguageError) -> [Float] {
    var result: [Float] = []
    try read(tokens, in: &sequence, .last) { _, scores in result = Array(scores) }
    return result
  }

  /// Reads tokens behind those of the text, and shows what comes next after each: its place among the tokens, and
  /// `[vocabulary]` scores, valid during the call.
  ///
  /// - Throws: ``LanguageError``, and then the text is as it was.
  public func forEachScores(
    after tokens: [Int], in sequence: inout TokenSequence,
    _ body: (_ place: Int, _ scores: UnsafeBufferPointer<Float>) -> Void
  ) throws(LanguageError) { try read(tokens, in: &sequence, .each, body) }

  private func read(
    _ tokens: [Int], in sequence: inout TokenSequence, _ wanted: LanguageEngine.Wanted,
    _ body: (_ place: Int, _ scores: UnsafeBufferPointer<Float>) -> Void
  ) throws(LanguageError) {
    try check(tokens, for: sequence)
    let before = sequence.count
    turn.take()
    defer { turn.give() }
    do throws(LanguageError) {
      for start in stride(from: 0, to: tokens.count, by: Self.tokensOfStep) {
        let part = tokens[start..<min(start + Self.tokensOfStep, tokens.count)]
        let isLast = part.endIndex == tokens.count
        try sequence.prepare(for: part.count)
        try run([piece(part, of: sequence)], wanted == .last && !isLast ? .none : wanted) { body(start + $0, $1) }
        sequence.append(part)
      }
    } catch {
      sequence.truncate(to: before)
      throw error
    }
  }

  /// One more token of each of several texts, in one step: the scores of what comes next in each.
  ///
  /// - Throws: ``LanguageError``, and then the texts are as they were.
  public func scores(
    after tokens: [Int], in sequences: inout [TokenSequence]
  ) throws(LanguageError) -> [[Float]] {
    precondition(tokens.count == sequences.count, "LanguageModel: \(tokens.count) tokens for \(sequences.count) texts")
    guard !tokens.isEmpty else { return [] }
    for (token, sequence) in zip(tokens, sequences) { try check([token], for: sequence) }
    turn.take()
    defer { turn.give() }
    var pieces: [LanguageEngine.Piece] = []
    for index in sequences.indices {
      try sequences[index].prepare(for: 1)
      pieces.append(piece(tokens[index..<index + 1], of: sequences[index]))
    }
    var results: [[Float]] = []
    try run(pieces, .last) { _, scores in results.append(Array(scores)) }
    for index in sequences.indices { sequences[index].append(CollectionOfOne(tokens[index])) }
    return results
  }

  private func check(_ tokens: [Int], for sequence: TokenSequence) throws(LanguageError) {
    guard sequence.model == number else { throw .foreignSequence }
    guard !tokens.isEmpty else { throw .noTokens }
    if let stranger = tokens.first(where: { !(0..<program.vocabulary).contains($0) }) {
      throw .token(stranger, vocabulary: program.vocabulary)
    }
    guard tokens.count <= program.contextLength - sequence.count else {
      throw .contextLength(asked: sequence.count + tokens.count, most: program.contextLength)
    }
  }

  private func piece(_ tokens: ArraySlice<Int>, of sequence: TokenSequence) -> LanguageEngine.Piece {
    LanguageEngine.Piece(
      pages: PageList(sequence.pages),
      position: sequence.count, tokens: tokens)
  }

  private func run(
    _ pieces: [LanguageEngine.Piece], _ wanted: LanguageEngine.Wanted,
    _ body: (Int, UnsafeBufferPointer<Float>) -> Void
  ) throws(LanguageError) {
    do { try engine.run(pieces, scores: wanted, body) } catch let error as SessionError {
      throw .session(error)
    } catch {
      preconditionFailure("a step threw \(error)")
    }
  }
}
