/// - Throws: `RecipeError` unless `value` is in `range`.
func require<Value: Comparable>(_ value: Value, in range: ClosedRange<Value>, _ key: String) throws {
  guard range.contains(value) else {
    throw RecipeError(key, "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
  }
}

/// - Throws: `RecipeError` unless `lower < value <= upper`.
func require(_ value: Double, above lower: Double, upTo upper: Double, _ key: String) throws {
  guard value > lower, value <= upper else {
    throw RecipeError(key, "is \(value), expected above \(lower) and at most \(upper)")
  }
}

/// - Throws: `RecipeError` unless `lower < value < upper`.
func require(_ value: Double, above lower: Double, below upper: Double, _ key: String) throws {
  guard value > lower, value < upper else {
    throw RecipeError(key, "is \(value), expected above \(lower) and below \(upper)")
  }
}

/// - Throws: `RecipeError` unless `lower <= value < upper`.
func require(_ value: Double, from lower: Double, below upper: Double, _ key: String) throws {
  guard value >= lower, value < upper else {
    throw RecipeError(key, "is \(value), expected at least \(lower) and below \(upper)")
  }
}
