/// - Throws: Unless `value` is in `range`; `name` is the setting's.
func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
  guard range.contains(value) else {
    throw ConfigurationError("\(name) is \(value), it must be in \(range.lowerBound)...\(range.upperBound)")
  }
}

/// - Throws: Unless patches tile the image, the MLP has a hidden layer, drop path is a probability below 1 and epsilon
///   is positive.
func checkTransformer(
  imageSize: Int, patchSize: Int, width: Int, mlpRatio: Double, dropPath: Double, normEpsilon: Double
) throws(ConfigurationError) {
  guard imageSize.isMultiple(of: patchSize) else {
    throw ConfigurationError(
      "imageSize \(imageSize) is not a multiple of patchSize \(patchSize): choose a patch that tiles the image")
  }
  guard mlpRatio.isFinite, mlpRatio <= 64, Double(width) * mlpRatio >= 1 else {
    throw ConfigurationError("mlpRatio \(mlpRatio) gives no hidden layer: choose a value up to 64, such as 4")
  }
  guard (0..<1).contains(dropPath) else {
    throw ConfigurationError("dropPath \(dropPath) is not a probability below 1")
  }
  guard normEpsilon.isFinite, normEpsilon > 0 else {
    throw ConfigurationError("normEpsilon \(normEpsilon) is not positive: 1e-6 is usual")
  }
}
