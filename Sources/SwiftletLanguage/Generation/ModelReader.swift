import SwiftletText

/// A model with a text that it reads.
struct ModelReader: TokenReader {
  let model: LanguageModel
  private(set) var sequence: TokenSequence

  init(_ model: LanguageModel) { (self.model, sequence) = (model, model.makeSequence()) }

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
  /// - Throws: ``LanguageError`` for options out of their range, and a prompt that is empty or does not fit.
  public init(
    of model: LanguageModel, after prompt: String, _ options: GenerationOptions = GenerationOptions()
  ) throws(LanguageError) {
    try self.init(by: ModelReader(model), options)
    try begin(after: model.tokenizer.encode(prompt), continues: true)
  }
}

extension LanguageModel {
  /// A text that goes on from a prompt, as a stream of its pieces.
  ///
  /// ```swift
  /// let options = GenerationOptions(sampling: SamplingOptions(temperature: 0.8), maxTokens: 200)
  /// for try await piece in model.stream("Once upon a time", options) { print(piece, terminator: "") }
  /// ```
  /// Options out of their range, and a prompt that is empty or does not fit, are errors of the first piece.
  public func stream(_ prompt: String, _ options: GenerationOptions = GenerationOptions()) -> TextStream {
    TextStream(by: { ModelReader(self) }, after: { self.tokenizer.encode(prompt) }, options)
  }
}

extension Conversation {
  /// - Parameter system: what the model is told before the first message.
  /// - Throws: ``LanguageError/conversation(_:)`` where the model has no chat template, or it is not carried out or refuses the
  ///   system's message; ``LanguageError/option(_:value:takes:)``.
  public convenience init(
    with model: LanguageModel, system: String? = nil, _ options: GenerationOptions = GenerationOptions()
  ) throws(LanguageError) {
    try self.init(with: ModelReader(model), system: system, options)
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
