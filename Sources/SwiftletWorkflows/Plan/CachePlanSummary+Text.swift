import SwiftletPlans
import SwiftletTerminal

extension CachePlanSummary {
  /// The layers, the totals, and what differs from another plan.
  public func text(against other: CachePlanSummary? = nil) -> String {
    var parts = [table]
    let others = CompressionPlan(layers.filter { !$0.slot.kind.isCached })
    if !others.choices.isEmpty { parts.append(others.map) }
    parts.append(totals)
    if let other { parts += [other.totals, plan.differences(from: other.plan, named: (name, other.name))] }
    return parts.joined(separator: "\n\n")
  }

  /// What is decided, and no more.
  private var plan: CompressionPlan { CompressionPlan(layers.filter { !$0.choice.decided.isEmpty }) }

  /// A row a block: what is kept of its keys and of its values.
  private var table: String {
    let sides: [(name: String, kind: Slot.Kind)] = [("key", .keys), ("value", .values)]
    var table = Table(
      columns: [.text("block")]
        + sides.flatMap { side in
          [.number("\(side.name) rank"), .number("heads"), .number("bits"), .number("group"), .number("bytes")]
        } + [.number("bytes a token"), .number("metadata")])
    let cached = layers.filter(\.slot.kind.isCached)
    for block in cached.map(\.slot.block).uniqued {
      let layers = sides.compactMap { side in cached.first { $0.slot.block == block && $0.slot.kind == side.kind } }
      table.append(
        [block] + layers.flatMap(\.cells)
          + [\Layer.cacheBytes, \.cacheMetadataBytes].map { part in "\(layers.reduce(0) { $0 + $1[keyPath: part] })" })
    }
    return table.text
  }

  private var totals: String {
    let share = (Double(cacheBytes) / Double(wholeCacheBytes)).text(decimals: 4)
    let windows = hasWindows ? ", of which layers with a window keep no more than that" : ""
    let kept = [newestWhole.map { "\($0) newest" }, firstWhole.map { "\($0) first" }].compactMap(\.self)
    let unrounded = kept.isEmpty ? "" : ", \(kept.joined(separator: " and ")) of them whole"
    let found = method.map { "\nmade for: \($0)" } ?? ""
    return """
      \(name): \(network)
      \(cacheBytes.byteText) a token, \(share) of the \(wholeCacheBytes.byteText) in 16 bits; \
      \(cacheMetadataBytes.byteText) of it metadata: scales and offsets
      \(contextBytes.byteText) at \(context) tokens\(unrounded)\(windows), \(wholeContextBytes.byteText) in 16 bits\(found)
      """
  }
}

extension CachePlanSummary.Layer {
  /// Rank, heads, and layers, that share it, bits, numbers that share a grid, bytes; a dash where nothing is decided.
  fileprivate var cells: [String] {
    let bits = (slot.kind == .keys ? choice.keyBits : choice.valueBits) ?? 16
    let heads = choice.headGroup ?? slot.heads
    let width = choice.rank ?? slot.outputs / slot.heads * heads
    let isWhole = choice.rank == nil && bits == 16
    return [
      choice.rank.map(String.init) ?? "–",
      isWhole ? "–" : "\(heads)" + (choice.layerGroup.map { " x \($0) layers" } ?? ""), "\(bits)",
      bits < 16 ? "\(choice.latentGroup ?? width)" : "–", "\(cacheBytes)",
    ]
  }
}

extension CompressionPlan {
  fileprivate init(_ layers: [CachePlanSummary.Layer]) {
    self.init(Dictionary(layers.map { ($0.slot.path, $0.choice) }, uniquingKeysWith: { first, _ in first }))
  }
}
