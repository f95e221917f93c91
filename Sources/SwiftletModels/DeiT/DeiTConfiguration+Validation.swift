import SwiftletNN

extension DeiTConfiguration {
  /// Checks that a network of this shape exists and can be addressed.
  public func validate() throws(ConfigurationError) {
    try check("imageSize", imageSize, in: 1...16384)
    try check("patchSize", patchSize, in: 1...16384)
    try check("channels", channels, in: 1...4096)
    try check("width", width, in: 1...65536)
    try check("depth", depth, in: 1...1024)
    try check("heads", heads, in: 1...4096)
    try check("classes", classes, in: 1...10_000_000)
    guard imageSize.isMultiple(of: patchSize) else {
      throw ConfigurationError(
        "imageSize \(imageSize) is not a multiple of patchSize \(patchSize): choose a patch that tiles the image")
    }
    guard width.isMultiple(of: heads) else {
      throw ConfigurationError("width \(width) is not a multiple of heads \(heads): choose heads that divide the width")
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

  private func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
    guard range.contains(value) else {
      throw ConfigurationError("\(name) is \(value), it must be in \(range.lowerBound)...\(range.upperBound)")
    }
  }
}

extension DeiTConfiguration {
  /// Absent keys keep the defaults, unknown ones are errors, and what is decoded is valid.
  public init(from decoder: any Decoder) throws {
    try decoder.rejectUnknownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    try read(.imageSize, into: &imageSize)
    try read(.patchSize, into: &patchSize)
    try read(.channels, into: &channels)
    try read(.width, into: &width)
    try read(.depth, into: &depth)
    try read(.heads, into: &heads)
    try read(.mlpRatio, into: &mlpRatio)
    try read(.classes, into: &classes)
    try read(.distillation, into: &distillation)
    try read(.dropPath, into: &dropPath)
    try read(.qkvBias, into: &qkvBias)
    try read(.normEpsilon, into: &normEpsilon)
    do {
      try validate()
    } catch {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: error.description))
    }
  }
}
