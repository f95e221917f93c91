import Synchronization

/// A text that is written while it is read: an asynchronous sequence of its pieces.
///
/// ```swift
/// for try await piece in model.stream("Once upon a time") {
///   print(piece, terminator: "")
///   if let outcome = piece.outcome { print("\n\(outcome.tokens.count) tokens") }
/// }
/// ```
/// Nothing is computed that is not asked for: whoever leaves the loop has ended the text. When the task is cancelled, the text
/// ends with ``Generation/Ending/cancelled``. The work is done on the concurrent executor, wherever the loop runs.
public struct TextStream: AsyncSequence, Sendable {
  public typealias Element = Generation.Piece
  public typealias Failure = LanguageError

  /// Writes the next piece of one run through the text.
  typealias Step = @Sendable (_ isCancelled: () -> Bool) throws(LanguageError) -> Generation.Piece?

  private let begin: @Sendable () -> Step

  init(_ begin: @escaping @Sendable () -> Step) { self.begin = begin }

  /// Each iterator of a model's stream writes the text anew; those of a reply go on with the same.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(step: begin()) }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let step: Step

    /// The next piece of the text; nil behind the last.
    public mutating func next(
      isolation actor: isolated (any Actor)? = #isolation
    ) async throws(LanguageError) -> Generation.Piece? {
      try await Self.advance(step)
    }

    /// The same for who does nothing else meanwhile.
    package mutating func next(isCancelled: () -> Bool) throws(LanguageError) -> Generation.Piece? {
      try step(isCancelled)
    }

    @concurrent private static func advance(_ step: Step) async throws(LanguageError) -> Generation.Piece? {
      try step { Task.isCancelled }
    }
  }
}

extension TextStream {
  /// A text that goes on from a prompt.
  ///
  /// - Parameters:
  ///   - reader: makes one for each run.
  ///   - prompt: makes its tokens, when they are asked for.
  init(
    by reader: @escaping @Sendable () -> any TokenReader, after prompt: @escaping @Sendable () -> [Int],
    _ options: GenerationOptions
  ) {
    self.init {
      let run = Run(by: reader, after: prompt, options)
      return { (isCancelled) throws(LanguageError) in try run.step(isCancelled) }
    }
  }

  /// One run through a text.
  private final class Run: Sendable {
    private let begin: @Sendable () throws(LanguageError) -> Generation
    private let state = Mutex(State())

    private struct State {
      var hasBegun = false
      var generation: Generation?
    }

    init(
      by reader: @escaping @Sendable () -> any TokenReader, after prompt: @escaping @Sendable () -> [Int],
      _ options: GenerationOptions
    ) {
      begin = { () throws(LanguageError) in
        var generation = try Generation(by: reader(), options)
        try generation.begin(after: prompt(), continues: true)
        return generation
      }
    }

    func step(_ isCancelled: () -> Bool) throws(LanguageError) -> Generation.Piece? {
      let piece = try state.withLockIfAvailable { (state) throws(LanguageError) -> Generation.Piece? in
        if !state.hasBegun {
          state.hasBegun = true
          state.generation = try begin()
        }
        // In its place, so that nothing of what was read is copied.
        return try state.generation?.next(isCancelled: isCancelled)
      }
      guard let piece else { throw .busy }
      return piece
    }
  }
}
