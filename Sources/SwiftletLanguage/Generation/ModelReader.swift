import SwiftletText

/// A model with a text that it reads.
struct ModelReader: TokenReader {
  let model: LanguageModel
  private(set) var sequence: TokenSequence

  init(_ model: LanguageModel, knowing sequence: TokenSequence?) {
    (self.model, self.sequence) = (model, sequence ?? model.makeSequence())
  }

  var vocabulary: Int { model.program.vocabulary }
  var contextLength: Int { model.program.contextLength }
  var ends: Set<Int> { Set(model.program.ends) }
  var tokenizer: Tokenizer { model.tokenizer }
  var tokens: [Int] { sequence.tokens }

  mutating func truncate(to count: Int) { sequence.truncate(to: count) }

  mutating func scores(after tokens: [Int]) throws(LanguageError) -> [Float] {
    try model.scores(after: tokens, in: &sequence)
  }
}

extension Generation {
  /// A text that goes on from a prompt.
  ///
  /// - Parameter sequence: a text that the model has read. What the prompt's beginning has in common with it is not read again,
  ///   so that texts with one beginning read it once.
  /// - Throws: ``LanguageError`` for options out of their range, and a prompt that is empty or does not fit.
  public init(
    of model: LanguageModel, after prompt: String, knowing sequence: TokenSequence? = nil,
    _ options: GenerationOptions = GenerationOptions()
  ) throws(LanguageError) {
    try self.init(of: model, after: model.tokenizer.encode(prompt), knowing: sequence, options)
  }

  /// The same with a prompt of tokens.
  public init(
    of model: LanguageModel, after prompt: [Int], knowing sequence: TokenSequence? = nil,
    _ options: GenerationOptions = GenerationOptions()
  ) throws(LanguageError) {
    try self.init(by: ModelReader(model, knowing: sequence), options)
    try begin(after: prompt, continues: true)
  }

  /// What the model has read so far, for other texts to begin with; the token that was drawn last is not among it. Nil where no model
  /// file is read.
  public var sequence: TokenSequence? { (reader as? ModelReader)?.sequence }
}

extension LanguageModel {
  /// A text that goes on from a prompt, as a stream of its pieces.
  ///
  /// ```swift
  /// let options = GenerationOptions(sampling: SamplingOptions(temperature: 0.8), maxTokens: 200)
  /// for try await piece in model.stream("Once upon a time", options) { print(piece, terminator: "") }
  /// ```
  /// Options out of their range, and a prompt that is empty or does not fit, are errors of the first piece.
  ///
  /// - Parameter sequence: a text that the model has read. What the prompt's beginning has in common with it is not read again.
  public func stream(
    _ prompt: String, knowing sequence: TokenSequence? = nil, _ options: GenerationOptions = GenerationOptions()
  ) -> TextStream {
    TextStream(
      by: { ModelReader(self, knowing: sequence) }, after: { self.tokenizer.encode(prompt) }, options)
  }
}

extension Conversation {
  /// - Parameter system: what the model is told before the first message.
  /// - Throws: ``LanguageError/conversation(_:)`` where the model has no chat template, or it is not carried out or refuses the
  ///   system's message; ``LanguageError/option(_:value:takes:)``.
  public convenience init(
    with model: LanguageModel, system: String? = nil, _ options: GenerationOptions = GenerationOptions()
  ) throws(LanguageError) {
    try self.init(with: ModelReader(model, knowing: nil), system: system, options)
  }
}

extension LanguageModel: Forecaster {
  public var vocabulary: Int { program.vocabulary }
  public var contextLength: Int { program.contextLength }

  public func reading(_ stretch: [Int]) throws -> (_ count: Int) throws -> [Float] {
    var (sequence, rest) = (makeSequence(), stretch[...])
    return { count in
      var scores: [Float] = []
      scores.reserveCapacity(count * self.vocabulary)
      try self.forEachScores(after: Array(rest.prefix(count)), in: &sequence) { scores += $1 }
      rest = rest.dropFirst(count)
      return scores
    }
  }
}
