/// Which heads of keys or values are decomposed together.
///
/// Source: Chang et al., "Palu: KV-Cache Compression with Low-Rank Projection" (2025), section 3.2.
public enum HeadGrouping: Hashable, Sendable {
  /// Each head alone (M-LRD).
  case multiHead
  /// So many heads at a time (G-LRD).
  case groups(of: Int)
  /// All of a layer (J-LRD).
  case joint

  /// What a plan says of it: so many heads, or all of a layer where it says nothing.
  init(of heads: Int?) { self = heads.map { .groups(of: $0) } ?? .joint }

  /// Heads of a group.
  ///
  /// - Throws: ``LowRankError/indivisibleHeads(heads:group:)`` if the groups do not divide the heads.
  public func size(among heads: Int) throws(LowRankError) -> Int {
    let size =
      switch self {
      case .multiHead: 1
      case .groups(let size): size
      case .joint: heads
      }
    guard size >= 1, heads.isMultiple(of: size) else { throw .indivisibleHeads(heads: heads, group: size) }
    return size
  }
}

/// Why a projection cannot be decomposed, or a latent not be quantised.
public enum LowRankError: Error, Hashable, Sendable {
  case indivisibleHeads(heads: Int, group: Int)
  case rank(Int, allowed: ClosedRange<Int>)
  /// Layers that should share a latent and cannot.
  case layers(Int, group: Int, reason: LayerGroupReason)
  case statisticsNotFinite
  case noStatistics
  /// Statistics that were made without samples of what the layers read.
  case noSamples
  case bits(Int)
  case indivisibleLatent(width: Int, group: Int)
  case budget(ranks: Int, reachable: ClosedRange<Int>)
  /// Less than what the least ranks take: a share of all ranks, or bytes a token, of which no smaller one can be met.
  case share(Double, least: Double)
  case bytesPerToken(Int, least: Int)
  case cacheFile(String, reason: String)
}

/// What keeps layers from sharing a latent.
public enum LayerGroupReason: Hashable, Sendable {
  case indivisible, otherChoices, noRank, noStatistics, otherRule
}

extension LowRankError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .indivisibleHeads(let heads, let group): "\(heads) heads do not fall into groups of \(group)"
    case .rank(let rank, let allowed): "a rank of \(rank) is not within \(allowed.lowerBound) to \(allowed.upperBound)"
    case .layers(let layers, let group, let reason):
      switch reason {
      case .indivisible: "\(layers) layers do not fall into groups of \(group)"
      case .otherChoices: "\(group) neighbouring layers share a latent, and the plan says different things of them"
      case .noRank: "\(group) neighbouring layers share a latent, and the plan gives it no rank"
      case .noStatistics: "the statistics do not tell of \(group) neighbouring layers together"
      case .otherRule: "ranks of latents that \(group) layers share are found by no such rule: take uniform or fisher"
      }
    case .statisticsNotFinite:
      "the calibration inputs hold numbers that are not finite: check the model's weights and the calibration text"
    case .noStatistics: "no calibration inputs reached the layer: give a longer calibration text"
    case .noSamples: "the statistics hold no samples of what the layers read: ask for them where statistics are made"
    case .bits(let bits):
      "\(bits) bits are none of \(LatentQuantizer.bitWidths.map(String.init).joined(separator: ", "))"
    case .indivisibleLatent(let width, let group): "\(width) values do not fall into groups of \(group)"
    case .cacheFile(let path, let reason): "\(path) does not say what a cache does: \(reason)"
    case .budget(let ranks, let reachable):
      "a total rank of \(ranks) cannot be met, these layers reach \(reachable.lowerBound) to \(reachable.upperBound)"
    case .share(let share, let least):
      "a share of \(share) of the ranks cannot be met, the least ranks are \(least.roundedUp) of all: keep more, or take a "
        + "smaller step of ranks"
    case .bytesPerToken(let bytes, let least):
      "\(bytes) bytes a token cannot be met, the least ranks take \(least): allow more, or take fewer bits, a smaller step of "
        + "ranks, or more heads together"
    }
  }
}

extension Double {
  /// With four decimals, none of them too low.
  fileprivate var roundedUp: Double { (self * 10_000).rounded(.up) / 10_000 }
}
