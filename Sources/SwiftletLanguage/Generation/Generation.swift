import SwiftletText

/// A text that a model writes, token by token: what streams and conversations are made of.
///
/// ```swift
/// var generation = try Generation(of: model, after: "Once upon a time", GenerationOptions(maxTokens: 100))
/// while let piece = try generation.next() { print(piece, terminator: "") }
/// ```
/// It is a value: a copy goes on by itself, and draws the same tokens.
public struct Generation: Sendable {
  /// A part of the text, in whole characters.
  public struct Piece: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    /// With the last piece, whose text may be empty.
    public let outcome: Outcome?

    public var description: String { text }
  }

  /// Why a text ended.
  public enum Ending: Hashable, Sendable {
    /// The model said so, by this token.
    case token(Int)
    case stop(String)
    case maxTokens
    /// The context is full, and may not slide.
    case contextFull
    case cancelled
  }

  /// What became of it.
  public struct Outcome: Hashable, Sendable {
    public let ending: Ending
    /// All that were drawn, one that ends the text included.
    public let tokens: [Int]
    public let promptTokens: Int
    /// Of the prompt's, those that had been read before.
    public let knownTokens: Int
    /// How often the context slid.
    public let slides: Int
    /// With it the same tokens are drawn again.
    public let seed: UInt64
    public let promptSeconds, decodingSeconds: Double

    /// Of what was read of the prompt; nil where that took no time.
    public var promptTokensPerSecond: Double? { Self.rate(promptTokens - knownTokens, promptSeconds) }
    /// The first token follows from the prompt; nil where there is no other.
    public var tokensPerSecond: Double? { Self.rate(tokens.count - 1, decodingSeconds) }

    private static func rate(_ count: Int, _ seconds: Double) -> Double? {
      count > 0 && seconds > 0 ? Double(count) / seconds : nil
    }
  }

  /// Nil until the text has ended.
  public private(set) var outcome: Outcome?
  private(set) var reader: any TokenReader
  private let options: GenerationOptions
  private var sampler: Sampler
  private var detokenizer: Detokenizer
  private var matcher: StopMatcher
  /// The prompt and what was drawn; empty until there is a prompt.
  private var text: [Int] = []
  /// What of it is not read yet.
  private var unread: [Int] = []
  private var (promptTokens, knownTokens, slides) = (0, 0, 0)
  private var (promptSeconds, decodingSeconds) = (0.0, 0.0)

  /// Tokens of a prompt that are read between two questions whether to go on.
  static let chunk = 256

  /// Nothing is written before ``begin(after:continues:)``.
  ///
  /// - Throws: ``LanguageError/option(_:value:takes:)``.
  init(by reader: any TokenReader, _ options: GenerationOptions) throws(LanguageError) {
    try options.check(context: reader.contextLength)
    sampler = try Sampler(options.sampling, vocabulary: reader.vocabulary)
    (self.reader, self.options) = (reader, options)
    detokenizer = Detokenizer(reader.tokenizer, skipsSpecialTokens: true)
    matcher = StopMatcher(options.stops)
  }

  /// Gives up what is being written, if anything, for what follows on a prompt. What the reader knows of its beginning is not
  /// read again.
  ///
  /// - Parameter continues: whether the text goes on where the prompt ends, so that a space between them stays.
  /// - Throws: ``LanguageError`` for a prompt that is empty or does not fit; nothing has changed then.
  mutating func begin(after prompt: [Int], continues: Bool) throws(LanguageError) {
    guard !prompt.isEmpty else { throw .emptyPrompt }
    let context = reader.contextLength
    if options.whenFull == .refuse {
      guard prompt.count <= context else { throw .promptTooLong(tokens: prompt.count, context: context) }
      if let asked = options.maxTokens, asked > context - prompt.count + 1 {
        throw .noRoom(prompt: prompt.count, asked: asked, context: context)
      }
    }
    detokenizer = Detokenizer(reader.tokenizer, skipsSpecialTokens: true)
    if continues { for token in prompt { _ = detokenizer.append(token) } }
    matcher = StopMatcher(options.stops)
    (outcome, text, promptTokens, slides) = (nil, prompt, prompt.count, 0)
    (promptSeconds, decodingSeconds) = (0, 0)
    unread = reader.keep(beginning: shortened(prompt))
    knownTokens = reader.tokens.count
  }

  /// The next part of the text; nil behind the last.
  ///
  /// - Parameter isCancelled: asked before each token, and now and then while a prompt is read. The text ends there, and what
  ///   was read of it stays known.
  /// - Throws: ``LanguageError``, behind which nothing comes.
  public mutating func next(isCancelled: () -> Bool = { false }) throws(LanguageError) -> Piece? {
    while outcome == nil, !text.isEmpty {
      do throws(LanguageError) {
        guard let scores = try read(isCancelled) else { return end(.cancelled) }
        let token = try sampler.next(from: scores, after: text)
        text.append(token)
        if let piece = add(token) { return piece }
      } catch {
        text = []
        throw error
      }
    }
    return nil
  }

  private var drawn: Int { text.count - promptTokens }

  /// Reads what is unread; nil where that was cancelled.
  private mutating func read(_ isCancelled: () -> Bool) throws(LanguageError) -> [Float]? {
    var scores: [Float] = []
    while !unread.isEmpty {
      if isCancelled() { return nil }
      makeRoom()
      let part = Array(unread.prefix(Self.chunk))
      let start = ContinuousClock.now
      scores = try reader.scores(after: part)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if drawn == 0 { promptSeconds += seconds } else { decodingSeconds += seconds }
      unread.removeFirst(part.count)
    }
    return scores
  }

  /// What is to be shown of a token, or the end of the text.
  private mutating func add(_ token: Int) -> Piece? {
    if reader.ends.contains(token) { return end(.token(token)) }
    let certain = matcher.append(detokenizer.append(token))
    if let stop = matcher.found { return end(.stop(stop), after: certain) }
    if drawn == options.maxTokens { return end(.maxTokens, after: certain) }
    unread = [token]
    if options.whenFull == .refuse, reader.tokens.count == reader.contextLength {
      return end(.contextFull, after: certain)
    }
    return certain.isEmpty ? nil : Piece(text: certain, outcome: nil)
  }

  /// What might have begun a stop string is text after all. Bytes that are not yet a character never become one.
  private mutating func end(_ ending: Ending, after certain: String = "") -> Piece {
    let outcome = Outcome(
      ending: ending, tokens: Array(text[promptTokens...]), promptTokens: promptTokens, knownTokens: knownTokens,
      slides: slides, seed: sampler.seed, promptSeconds: promptSeconds, decodingSeconds: decodingSeconds)
    self.outcome = outcome
    return Piece(text: certain + matcher.finish(), outcome: outcome)
  }

  // MARK: The end of the context

  /// A text that is too long for the context: its first tokens, and the newer half of what remains beside them.
  private func shortened(_ tokens: [Int]) -> [Int] {
    guard case .slide(let keeping) = options.whenFull, tokens.count > reader.contextLength else { return tokens }
    return tokens.prefix(keeping) + tokens.suffix((reader.contextLength - keeping) / 2)
  }

  private mutating func makeRoom() {
    guard reader.tokens.count + unread.count > reader.contextLength else { return }
    unread = reader.keep(beginning: shortened(reader.tokens + unread))
    slides += 1
  }
}
