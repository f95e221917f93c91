import Foundation
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import Testing

@testable import SwiftletWorkflows

@Suite struct CachePlanSummaryTests {
  /// Two blocks with four heads of queries on two of keys, eight wide: 16 keys and 16 values a token.
  static var network: LlamaConfiguration {
    var shape = LlamaConfiguration(
      vocabulary: 10, width: 32, hidden: 8, layers: 2, heads: 4, keyHeads: 2, context: 1000)
    shape.windows = [nil, 100]
    return shape
  }

  static let (keys, values) = ("self_attn.k_proj", "self_attn.v_proj")

  /// Of the first block's keys two groups of rank 4 in 4 bits with two grids each, of its values rank 12 in 16 bits; of the
  /// second block's values whole heads in 3 bits.
  static var plan: CompressionPlan {
    var few = LayerChoice(rank: 4, headGroup: 1, keyBits: 4)
    few.latentGroup = 2
    return CompressionPlan([
      "model.layers.0.\(keys)": few, "model.layers.0.\(values)": LayerChoice(rank: 12),
      "model.layers.1.\(values)": LayerChoice(rank: nil, headGroup: 1, valueBits: 3),
    ])
  }

  /// Hand: keys are 2 · 4 · 4 bits and 2 · 2 grids of 4 bytes, 20 in all; values 12 · 2 bytes, and 2 · 8 · 3 bits with two
  /// grids, 14; whole ones 32.
  @Test func `a summary counts what a cache keeps, grids told apart`() throws {
    let summary = try CachePlanSummary(name: "a.json", Self.plan, of: Self.network)
    #expect(summary.layers.map(\.cacheBytes) == [20, 24, 32, 14])
    #expect(summary.layers.map(\.cacheMetadataBytes) == [16, 0, 0, 8])
    #expect(summary.cacheBytes == 90 && summary.wholeCacheBytes == 128 && summary.cacheMetadataBytes == 24)
    // The second block keeps no more than its window of 100.
    #expect(summary.context == 1000 && summary.contextBytes == 44 * 1000 + 46 * 100)
    #expect(summary.wholeContextBytes == 64 * 1100)
    #expect(
      summary.text() == """
        block           key rank  heads  bits  group  bytes  value rank  heads  bits  group  bytes  bytes a token  metadata
        ──────────────  ────────  ─────  ────  ─────  ─────  ──────────  ─────  ────  ─────  ─────  ─────────────  ────────
        model.layers.0         4      1     4      2     20          12      2    16      –     24             44        16
        model.layers.1         –      –    16      –     32           –      1     3      8     14             46         8

        a.json: Llama of width 32, 2 layers, 4 heads on 2 of keys, vocabulary 10
        90 B a token, 0.7031 of the 128 B in 16 bits; 24 B of it metadata: scales and offsets
        48.60 kB at 1000 tokens, of which layers with a window keep no more than that, 70.40 kB in 16 bits
        """)
    let short = try CachePlanSummary(name: "a.json", Self.plan, of: Self.network, context: 50)
    #expect(short.contextBytes == 90 * 50 && short.text().hasSuffix("4.50 kB at 50 tokens, 6.40 kB in 16 bits"))
  }

  @Test func `another plan, and what else a plan decides, are shown`() throws {
    var other = Self.plan
    other["model.layers.1.\(Self.values)"] = LayerChoice()
    other["model.layers.0.mlp.up_proj"] = LayerChoice(pattern: SparsityPattern(keeping: 2, of: 4))
    let (own, beside) = (
      try CachePlanSummary(name: "a.json", Self.plan, of: Self.network),
      try CachePlanSummary(name: "b.json", other, of: Self.network)
    )
    let text = own.text(against: beside)
    #expect(text.contains("b.json: Llama of width 32") && text.contains("108 B a token, 0.8438 of the 128 B"))
    #expect(text.contains("model.layers.1.self_attn.v_proj  of each head 3-bit values  –"))
    #expect(text.contains("model.layers.0.mlp.up_proj       –                          2:4"))
    #expect(own.text(against: own).hasSuffix("The plans decide the same for every layer."))
    #expect(beside.text().contains("block           mlp.up_proj"))
    #expect(beside.cacheBytes == 108 && beside.layers.map(\.cacheBytes) == [20, 24, 0, 32, 32])
  }

  /// Hand: of a token that is whole the first block has 2 · 4 and 12 numbers in 16 bits, 40 bytes, the second 64; of its window of
  /// 100 tokens none is the text's first.
  @Test func `tokens that stay whole are counted as they are kept`() throws {
    var plan = Self.plan
    plan.method = "eigen"
    let summary = try CachePlanSummary(
      name: "a.json", plan, of: Self.network, keeping: WholeTokens(newest: 10, first: 4))
    #expect(summary.contextBytes == 986 * 44 + 14 * 40 + 90 * 46 + 10 * 64)
    #expect(summary.cacheBytes == 90 && summary.wholeContextBytes == 64 * 1100)
    #expect(summary.text().contains("at 1000 tokens, 10 newest and 4 first of them whole, of which layers"))
    #expect(summary.text().hasSuffix("\nmade for: eigen"))
    let json = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any])
    #expect(
      json["newestWhole"] as? Int == 10 && json["firstWhole"] as? Int == 4 && json["method"] as? String == "eigen")
    // More than there are, or than there are numbers.
    for most in [2000, Int.max] {
      let all = try CachePlanSummary(
        name: "a.json", plan, of: Self.network, keeping: WholeTokens(newest: most, first: most))
      #expect(all.contextBytes == 1000 * 40 + 100 * 64)
    }
  }

  @Test func `a program reads what people read`() throws {
    let summary = try CachePlanSummary(name: "a.json", Self.plan, of: Self.network)
    let json = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any])
    #expect(
      Set(json.keys) == [
        "name", "network", "layers", "cacheBytes", "wholeCacheBytes", "cacheMetadataBytes", "context", "contextBytes",
        "wholeContextBytes",
      ])
    let layers = try #require(json["layers"] as? [[String: Any]])
    #expect(layers[0]["layer"] as? String == "model.layers.0.self_attn.k_proj" && layers[0]["rank"] as? Int == 4)
    #expect(layers[0]["latentGroup"] as? Int == 2 && layers[0]["cacheMetadataBytes"] as? Int == 16)
    #expect(layers[2]["rank"] == nil && layers[2]["cacheBytes"] as? Int == 32)
  }

  @Test func `a plan for other layers, and what nobody can count, are refused`() {
    #expect(throws: CompressionPlanError.self) {
      try CachePlanSummary(
        name: "a", CompressionPlan(["blocks.0.attn.qkv": LayerChoice(rank: 4)]), of: Self.network)
    }
    #expect {
      try CachePlanSummary(
        name: "a", CompressionPlan(["model.layers.0.\(Self.keys)": LayerChoice(rank: 400)]), of: Self.network)
    } throws: {
      "\($0)".hasPrefix("nobody knows the bytes a token of model.layers.0.self_attn.k_proj at rank 400")
    }
    #expect {
      try CachePlanSummary(
        name: "a", CompressionPlan(["model.layers.0.\(Self.keys)": LayerChoice(rank: nil, valueBits: 4)]),
        of: Self.network)
    } throws: {
      "\($0)".hasPrefix("the plan decides valueBits for model.layers.0.self_attn.k_proj, which makes no sense")
    }
  }

  @Test func `sizes of a forged configuration do not overflow`() throws {
    let huge = LlamaConfiguration(
      vocabulary: 10, width: 65_536, hidden: 8, layers: 1024, heads: 4096, headWidth: 65_536, context: 1 << 24)
    try huge.validate()
    #expect(try CachePlanSummary(name: "a", CompressionPlan(), of: huge).contextBytes == .max)
  }
}
