import SwiftletFiles
import SwiftletNN

extension SwinConfiguration {
  /// Checks that a network of this shape exists and can be addressed.
  public func validate() throws(ConfigurationError) {
    try check(imageSize)
    guard imageSize.isSquare else {
      throw ConfigurationError("imageSize is \(imageSize): Swin sees square images here, give one number")
    }
    try check("patchSize", patchSize, in: 1...16384)
    try check("channels", channels, in: 1...4096)
    try check("width", width, in: 1...16384)
    try check("windowSize", windowSize, in: 1...256)
    try check("classes", classes, in: 0...10_000_000)
    try check("the number of depths", depths.count, in: 1...8)
    for depth in depths { try check("a depth", depth, in: 1...256) }
    for heads in heads { try check("a number of heads", heads, in: 1...4096) }
    guard depths.count == heads.count else {
      throw ConfigurationError(
        "there are \(depths.count) depths and \(heads.count) numbers of heads: give one of each for every stage")
    }
    try checkTransformer(
      imageSize: imageSize, patchSize: patchSize, width: width, mlpRatio: mlpRatio,
      dropPath: dropPath, normEpsilon: normEpsilon)
    for (index, stage) in stages.enumerated() where !stage.width.isMultiple(of: stage.heads) {
      throw ConfigurationError(
        "stage \(index) has width \(stage.width) and \(stage.heads) heads: choose heads that divide the width")
    }
  }
}

extension SwinConfiguration {
  /// Absent keys keep the defaults, unknown ones are errors, and what is decoded is valid.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    try read(.imageSize, into: &imageSize)
    try read(.patchSize, into: &patchSize)
    try read(.channels, into: &channels)
    try read(.width, into: &width)
    try read(.depths, into: &depths)
    try read(.heads, into: &heads)
    try read(.windowSize, into: &windowSize)
    windowPadding = try container.decodeIfPresent(WindowPadding.self, forKey: .windowPadding)
    try read(.mlpRatio, into: &mlpRatio)
    try read(.activation, into: &activation)
    try read(.classes, into: &classes)
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
