/// What scores the token behind each token of a text, to be judged.
public protocol Forecaster {
  var vocabulary: Int { get }
  /// How many tokens it reads.
  var contextLength: Int { get }

  /// Begins with a stretch of a text, and gives what reads its next tokens: `count` of them, for scores `[count, vocabulary]` of
  /// what may stand behind each.
  func reading(_ stretch: [Int]) throws -> (_ count: Int) throws -> [Float]
}
