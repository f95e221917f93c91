/// - Throws: Unless `value` is in `range`; `name` is the setting's.
func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
  guard range.contains(value) else {
    throw ConfigurationError("\(name) is \(value), it must be in \(range.lowerBound)...\(range.upperBound)")
  }
}

/// - Throws: Unless the image has between 1 and 16384 pixels a side.
func check(_ imageSize: ImageSize) throws(ConfigurationError) {
  if imageSize.isSquare { return try check("imageSize", imageSize.height, in: 1...16384) }
  try check("the height of imageSize", imageSize.height, in: 1...16384)
  try check("the width of imageSize", imageSize.width, in: 1...16384)
}

/// - Throws: Unless patches tile the image, the MLP has a hidden layer, drop path is a probability below 1 and epsilon
///   is small and positive.
func checkTransformer(
  imageSize: ImageSize, patchSize: Int, width: Int, mlpRatio: Double, dropPath: Double, normEpsilon: Double
) throws(ConfigurationError) {
  guard imageSize.height.isMultiple(of: patchSize), imageSize.width.isMultiple(of: patchSize) else {
    throw ConfigurationError(
      "imageSize \(imageSize) is not a multiple of patchSize \(patchSize): choose a patch that tiles the image")
  }
  guard mlpRatio.isFinite, mlpRatio <= 64, Double(width) * mlpRatio >= 1 else {
    throw ConfigurationError("mlpRatio \(mlpRatio) gives no hidden layer: choose a value up to 64, such as 4")
  }
  guard (0..<1).contains(dropPath) else {
    throw ConfigurationError("dropPath \(dropPath) is not a probability below 1")
  }
  // Smaller ones are lost in the variance of a float, larger ones drown what is normalised.
  guard (1e-20...1).contains(normEpsilon) else {
    throw ConfigurationError("normEpsilon \(normEpsilon) is not in 1e-20...1: 1e-6 is usual")
  }
}
