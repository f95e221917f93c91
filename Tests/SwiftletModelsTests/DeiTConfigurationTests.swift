import Foundation
import SwiftletModels
import Testing

@Suite struct DeiTConfigurationTests {
  @Test func `nonsense is refused in one sentence`() throws {
    func refuses(_ message: String, _ change: (inout DeiTConfiguration) -> Void) throws {
      var configuration = DeiTConfiguration.small
      change(&configuration)
      #expect(throws: ConfigurationError(message)) { try configuration.validate() }
      guard configuration.mlpRatio.isFinite else { return }  // JSON has no such number
      let json = try JSONEncoder().encode(configuration)
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(DeiTConfiguration.self, from: json) }
    }
    try refuses("width 384 is not a multiple of heads 5: choose heads that divide the width") { $0.heads = 5 }
    try refuses("imageSize 224 is not a multiple of patchSize 15: choose a patch that tiles the image") {
      $0.patchSize = 15
    }
    try refuses("classes is -1, it must be in 0...10000000") { $0.classes = -1 }
    try refuses("registerTokens is 1025, it must be in 0...1024") { $0.registerTokens = 1025 }
    try refuses("imageSize 224 x 200 is not a multiple of patchSize 16: choose a patch that tiles the image") {
      $0.imageSize = ImageSize(height: 224, width: 200)
    }
    try refuses("the width of imageSize is 0, it must be in 1...16384") {
      $0.imageSize = ImageSize(height: 224, width: 0)
    }
    try refuses("pooling is classToken without a class token: choose mean") { $0.classToken = false }
    try refuses(
      "layerScale 0.0 is not above 0 and at most 1000: 1e-5 is usual, and without the key there is none"
    ) { $0.layerScale = 0 }
    for change: @Sendable (inout DeiTConfiguration) -> Void in [
      { $0.registerTokens = 4 }, { $0.pooling = .mean }, { $0.finalNorm = .pooled },
      { ($0.classToken, $0.pooling) = (false, .mean) },
    ] {
      try refuses(
        "distillation is head, which goes with a class token that is pooled behind the norm and with no register tokens"
      ) {
        $0.distillation = .head
        change(&$0)
      }
    }
    try refuses("depth is -1, it must be in 1...1024") { $0.depth = -1 }
    try refuses("imageSize is 1099511627776, it must be in 1...16384") { $0.imageSize = ImageSize(1 << 40) }
    try refuses("mlpRatio nan gives no hidden layer: choose a value up to 64, such as 4") { $0.mlpRatio = .nan }
    try refuses("mlpRatio 1e-09 gives no hidden layer: choose a value up to 64, such as 4") { $0.mlpRatio = 1e-9 }
    try refuses("dropPath 1.0 is not a probability below 1") { $0.dropPath = 1 }
    try refuses("normEpsilon 0.0 is not in 1e-20...1: 1e-6 is usual") { $0.normEpsilon = 0 }
  }

  @Test func `what is written is read back`() throws {
    var configuration = DeiTConfiguration.tiny
    configuration.distillation = .head
    configuration.dropPath = 0.1
    configuration.imageSize = ImageSize(height: 160, width: 224)
    (configuration.activation, configuration.layerScale, configuration.positions) = (.geluTanh, 1e-5, .patches)
    let json = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(DeiTConfiguration.self, from: json) == configuration)
  }

  @Test func `absent keys keep their defaults and unknown ones are named`() throws {
    let json = Data(#"{"width": 64, "heads": 4, "patchsize": 4}"#.utf8)
    do {
      _ = try JSONDecoder().decode(DeiTConfiguration.self, from: json)
      Issue.record("patchsize was accepted")
    } catch DecodingError.dataCorrupted(let context) {
      #expect(context.debugDescription.hasPrefix("unknown key \"patchsize\"; did you mean patchSize?"))
    }
    let short = try JSONDecoder().decode(DeiTConfiguration.self, from: Data(#"{"width": 64, "heads": 4}"#.utf8))
    #expect(short.width == 64 && short.patchSize == 16 && short.classes == 1000)
    let dino = try JSONDecoder().decode(
      DeiTConfiguration.self,
      from: Data(
        #"""
        {"imageSize": [98, 126], "patchSize": 14, "layerScale": 1, "registerTokens": 4, "positions": "patches",
         "pooling": "classTokenAndMean", "finalNorm": "pooled", "activation": "quickGelu", "classes": 0}
        """#.utf8))
    #expect(dino.grid == PatchGrid(rows: 7, columns: 9) && dino.prefixTokens == 5 && dino.placedPrefixTokens == 0)
    #expect(dino.pooledWidth == 768 && dino.layerScale == 1 && dino.activation == .quickGelu)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(DeiTConfiguration.self, from: Data(#"{"imageSize": [224]}"#.utf8))
    }
  }

  @Test func `drop path grows linearly to the last block`() {
    var configuration = DeiTConfiguration()
    configuration.depth = 5
    configuration.dropPath = 0.2
    let expected = [0, 0.05, 0.1, 0.15, 0.2]
    #expect(zip(configuration.dropPathRates, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    configuration.depth = 1
    #expect(configuration.dropPathRates == [0.2])
  }

  /// Oracle: the published GMACs (ELSA's repository) to three decimals, dense, 2:4 and 1:4.
  @Test(arguments: [
    (DeiTConfiguration.tiny, 1.254, 0.732, 0.470), (.small, 4.600, 2.509, 1.463), (.base, 17.567, 9.201, 5.018),
  ])
  func `multiply-adds are the published ones`(
    configuration: DeiTConfiguration, dense: Double, half: Double, quarter: Double
  ) {
    let costs = configuration.multiplyAdds.published
    func giga(_ count: Int) -> Double { (Double(count) / 1e6).rounded() / 1e3 }
    #expect(giga(costs.dense) == dense)
    #expect(giga(costs.total { _ in (2, 4) }) == half)
    #expect(giga(costs.total { _ in (1, 4) }) == quarter)
    #expect(costs.total { _ in nil } == costs.dense)
    #expect(costs.total { _ in (4, 4) } == costs.dense)
    #expect(costs.slots.count == 48)
  }

  /// Oracle: the cost function of ELSA, its parts of DeiT-B.
  @Test func `DeiT-B's parts are the published ones`() {
    let costs = DeiTConfiguration.base.multiplyAdds
    #expect(abs(Double(costs.patchEmbedding) / 1e9 - 0.1156) < 5e-5)
    #expect(abs(Double(costs.attention) / 1e9 - 0.7153) < 5e-5)
    #expect(abs(Double(costs.norms) / 1e9 - 0.0036) < 5e-5)
    #expect(costs.slots.reduce(0) { $0 + $1.inputs * $1.outputs } == 84_934_656)
  }
}
