import SwiftletFiles
import SwiftletNN

extension DeiTConfiguration {
  /// Checks that a network of this shape exists and can be addressed.
  public func validate() throws(ConfigurationError) {
    try check(imageSize)
    try check("patchSize", patchSize, in: 1...16384)
    try check("channels", channels, in: 1...4096)
    try check("width", width, in: 1...65536)
    try check("depth", depth, in: 1...1024)
    try check("heads", heads, in: 1...4096)
    try check("classes", classes, in: 0...10_000_000)
    try check("registerTokens", registerTokens, in: 0...1024)
    guard width.isMultiple(of: heads) else {
      throw ConfigurationError("width \(width) is not a multiple of heads \(heads): choose heads that divide the width")
    }
    try checkTransformer(
      imageSize: imageSize, patchSize: patchSize, width: width, mlpRatio: mlpRatio,
      dropPath: dropPath, normEpsilon: normEpsilon)
    try checkTokens()
    if let layerScale, !(layerScale > 0 && layerScale <= 1000) {
      throw ConfigurationError(
        "layerScale \(layerScale) is not above 0 and at most 1000: 1e-5 is usual, and without the key there is none")
    }
  }

  /// Checks that what is read is there.
  private func checkTokens() throws(ConfigurationError) {
    if !classToken, pooling != .mean {
      throw ConfigurationError("pooling is \(pooling.rawValue) without a class token: choose mean")
    }
    guard distillation != .none else { return }
    guard classToken, registerTokens == 0, pooling == .classToken, finalNorm == .tokens else {
      throw ConfigurationError(
        "distillation is \(distillation.rawValue), which goes with a class token that is pooled behind the norm and with "
          + "no register tokens")
    }
  }
}

extension DeiTConfiguration {
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
    try read(.depth, into: &depth)
    try read(.heads, into: &heads)
    try read(.mlpRatio, into: &mlpRatio)
    try read(.activation, into: &activation)
    try read(.classes, into: &classes)
    try read(.classToken, into: &classToken)
    try read(.distillation, into: &distillation)
    try read(.registerTokens, into: &registerTokens)
    try read(.positions, into: &positions)
    try read(.pooling, into: &pooling)
    try read(.finalNorm, into: &finalNorm)
    layerScale = try container.decodeIfPresent(Double.self, forKey: .layerScale)
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
