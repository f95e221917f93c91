import SwiftletNN

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

/// - Throws: Unless patches tile the image, the MLP has a hidden layer and an activation that can be exported, drop path
///   is a probability below 1 and epsilon is positive.
func checkTransformer(
  imageSize: ImageSize, patchSize: Int, width: Int, mlpRatio: Double, activation: Activation, dropPath: Double,
  normEpsilon: Double
) throws(ConfigurationError) {
  guard imageSize.height.isMultiple(of: patchSize), imageSize.width.isMultiple(of: patchSize) else {
    throw ConfigurationError(
      "imageSize \(imageSize) is not a multiple of patchSize \(patchSize): choose a patch that tiles the image")
  }
  guard mlpRatio.isFinite, mlpRatio <= 64, Double(width) * mlpRatio >= 1 else {
    throw ConfigurationError("mlpRatio \(mlpRatio) gives no hidden layer: choose a value up to 64, such as 4")
  }
  guard activation.isExported else {
    let choices = Activation.allCases.filter(\.isExported).map(\.rawValue)
    throw ConfigurationError(
      "activation is \(activation.rawValue), which the runtime has no kernel for: choose "
        + choices.dropLast().joined(separator: ", ") + " or \(choices.last ?? "")")
  }
  guard (0..<1).contains(dropPath) else {
    throw ConfigurationError("dropPath \(dropPath) is not a probability below 1")
  }
  guard normEpsilon.isFinite, normEpsilon > 0 else {
    throw ConfigurationError("normEpsilon \(normEpsilon) is not positive: 1e-6 is usual")
  }
}

extension Activation {
  /// Whether the runtime can compute it behind a linear layer.
  fileprivate var isExported: Bool { self != .tanh }
}
