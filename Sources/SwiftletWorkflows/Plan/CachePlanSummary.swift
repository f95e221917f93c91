import SwiftletModels
import SwiftletPlans

/// A plan for a language model with what its cache then keeps of each token, for people and for programs.
///
/// ```swift
/// let plan = try CompressionPlan(contentsOf: URL(filePath: "plan.json"))
/// let network = try LlamaConfiguration(folder: URL(filePath: "models/smollm2"))
/// print(try CachePlanSummary(name: "plan.json", plan, of: network).text())
/// ```
/// A layer whose queries see a window of tokens keeps no more of them than that. Of tokens that a cache keeps whole, latents and
/// heads are in 16 bits.
public struct CachePlanSummary: Encodable {
  /// What the plan decides for one layer, and what a cache then keeps of its outputs.
  public struct Layer: Encodable, Hashable {
    public let slot: Slot
    public let choice: LayerChoice
    /// Of each token; `cacheMetadataBytes` are those of them that are scales and offsets.
    public let cacheBytes, cacheMetadataBytes: Int

    private enum Key: String, CodingKey { case layer, cacheBytes, cacheMetadataBytes }

    public func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(slot.path, forKey: .layer)
      try choice.encode(to: encoder)
      try values.encode(cacheBytes, forKey: .cacheBytes)
      try values.encode(cacheMetadataBytes, forKey: .cacheMetadataBytes)
    }
  }

  public let name: String
  /// The network in words.
  public let network: String
  /// Those whose outputs a cache keeps, decided or not, and others that the plan decides; in the network's order.
  public let layers: [Layer]
  /// Of each token in all layers, and what it is where nothing is decided: 16 bits a number.
  public let cacheBytes, wholeCacheBytes: Int
  /// Those of `cacheBytes` that are scales and offsets.
  public let cacheMetadataBytes: Int
  /// Tokens, and the bytes of a cache that holds them, under the plan and in 16 bits.
  public let context, contextBytes, wholeContextBytes: Int
  /// What the plan was found for, in words.
  public let method: String?
  /// Tokens that are kept whole, where any are.
  public let newestWhole, firstWhole: Int?
  /// Whether layers keep fewer tokens than that.
  let hasWindows: Bool

  private enum CodingKeys: String, CodingKey {
    case name, network, layers, cacheBytes, wholeCacheBytes, cacheMetadataBytes, context, contextBytes
    case wholeContextBytes, method, newestWhole, firstWhole
  }

  /// - Parameters:
  ///   - name: what the summary calls the plan.
  ///   - context: tokens of the cache; the network's own when nil.
  ///   - kept: the tokens that a cache keeps whole, the newest and the first of a text.
  /// - Precondition: `context` is 1 or more.
  /// - Throws: `CompressionPlanError` where the plan does not fit the network, or nobody knows what a cache keeps under it.
  public init(
    name: String, _ plan: CompressionPlan, of configuration: LlamaConfiguration, context: Int? = nil,
    keeping kept: WholeTokens = WholeTokens()
  ) throws(CompressionPlanError) {
    let context = context ?? configuration.context
    precondition(context > 0, "CachePlanSummary: a context of \(context) tokens")
    let slots = configuration.slots
    try plan.validate(for: slots)
    var layers: [Layer] = []
    // Of each block, under the plan, of a token that is kept whole, and in 16 bits.
    var (bytes, unrounded, whole) = ([String: Int](), [String: Int](), [String: Int]())
    for slot in slots where slot.kind.isCached || plan[slot.path] != nil {
      let choice = plan[slot.path] ?? LayerChoice()
      let layer = Layer(
        slot: slot, choice: choice, cacheBytes: try CostModel.cacheBytes(slot, choice),
        cacheMetadataBytes: try CostModel.cacheMetadataBytes(slot, choice))
      layers.append(layer)
      bytes[slot.block, default: 0] += layer.cacheBytes
      unrounded[slot.block, default: 0] += try CostModel.cacheBytes(slot, choice.unrounded)
      whole[slot.block, default: 0] += try CostModel.cacheBytes(slot, LayerChoice())
    }
    (self.name, network, self.layers) = (name, "\(configuration)", layers)
    cacheBytes = layers.reduce(0) { $0 + $1.cacheBytes }
    cacheMetadataBytes = layers.reduce(0) { $0 + $1.cacheMetadataBytes }
    wholeCacheBytes = whole.values.reduce(0, +)
    self.context = context
    let tokens = configuration.windows.map { min($0 ?? context, context) }
    hasWindows = tokens.contains { $0 < context }
    let blocks = slots.map(\.block).uniqued
    method = plan.method
    (newestWhole, firstWhole) = (kept.newest > 0 ? kept.newest : nil, kept.first > 0 ? kept.first : nil)
    contextBytes = zip(blocks, tokens).reduce(0) { sum, block in
      let (name, tokens) = block
      // The first tokens of a text leave a window.
      let kept = min(tokens, kept.newest.addingClamped(tokens < context ? 0 : kept.first))
      return sum.addingClamped((bytes[name] ?? 0).timesClamped(tokens - kept))
        .addingClamped((unrounded[name] ?? 0).timesClamped(kept))
    }
    wholeContextBytes = zip(blocks, tokens).reduce(0) { $0.addingClamped((whole[$1.0] ?? 0).timesClamped($1.1)) }
  }
}

extension LayerChoice {
  /// What is kept of a token before anything is rounded.
  fileprivate var unrounded: LayerChoice {
    var choice = self
    (choice.keyBits, choice.valueBits, choice.latentGroup) = (nil, nil, nil)
    return choice
  }
}

extension Int {
  /// Sizes that a forged configuration may name end at the largest number.
  fileprivate func addingClamped(_ other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }

  fileprivate func timesClamped(_ other: Int) -> Int {
    let (product, overflows) = multipliedReportingOverflow(by: other)
    return overflows ? .max : product
  }
}
