/// The values that a key may have.
public struct RecipeRange<Value: Comparable> {
  private let contains: (Value) -> Bool
  /// What is expected, in words.
  private let words: String

  /// - Throws: ``RecipeError`` for `key` unless `value` lies in the range.
  public func check(_ value: Value, _ key: String) throws {
    guard contains(value) else { throw RecipeError(key, "is \(value), expected \(words)") }
  }

  /// Both ends included.
  public static func `in`(_ range: ClosedRange<Value>) -> RecipeRange {
    RecipeRange(contains: range.contains, words: "\(range.lowerBound) to \(range.upperBound)")
  }

  /// `lower < value <= upper`.
  public static func above(_ lower: Value, upTo upper: Value) -> RecipeRange {
    RecipeRange(contains: { $0 > lower && $0 <= upper }, words: "above \(lower) and at most \(upper)")
  }

  /// `lower < value < upper`.
  public static func above(_ lower: Value, below upper: Value) -> RecipeRange {
    RecipeRange(contains: { $0 > lower && $0 < upper }, words: "above \(lower) and below \(upper)")
  }

  /// `lower <= value < upper`.
  public static func from(_ lower: Value, below upper: Value) -> RecipeRange {
    RecipeRange(contains: { $0 >= lower && $0 < upper }, words: "at least \(lower) and below \(upper)")
  }
}
