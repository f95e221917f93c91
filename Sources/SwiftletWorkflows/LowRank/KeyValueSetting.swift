import SwiftletCompression
import SwiftletFiles
import SwiftletPlans
import SwiftletSearch
import SwiftletTraining

/// A way to make keys and values small, as a recipe that compares many names it: `{kind: low-rank, keep: 0.5, bits: 4}`.
public enum KeyValueSetting: Hashable, Sendable {
  case lowRank(LowRank)
  case whole(Whole)
  case channelwise(Channelwise)
  case searched(Searched)

  /// Which side is made small; the other stays as it is.
  public enum Sides: String, Hashable, Sendable, FileWord, CaseIterable {
    case both, keys, values

    func contains(_ kind: Slot.Kind) -> Bool {
      self == .both || (self == .keys && kind == .keys) || (self == .values && kind == .values)
    }
  }

  /// Through latents, ranks by a rule.
  public struct LowRank: Hashable, Sendable {
    /// A share of all ranks; or `kv`, a share of the bytes in 16 bits.
    public var keep, kv: Double?
    public var bits = 16
    public var headGroup, latentGroup, step: Int?
    /// Neighbouring layers that share a latent.
    public var layerGroup = 1
    public var ranks = KeyValuePlanner.Ranks.uniform
    public var sides = Sides.both
    public var method = LowRankMethod()
  }

  /// Of full rank, heads turned and rounded.
  public struct Whole: Hashable, Sendable {
    public var keyBits = 4, valueBits = 4
    public var latentGroup: Int?
    public var rotation = LatentRotation.hadamard
  }

  /// Keys with a grid a channel and block of tokens, values with one a token.
  public struct Channelwise: Hashable, Sendable {
    public var bits = 4
    public var block = 32, valueGroup = 32
  }

  /// Ranks and bits by a search.
  public struct Searched: Hashable, Sendable {
    /// Of the bytes in 16 bits, above 0 and at most 1.
    public var kv = 0.2
    public var levels = KeyValueLevels()
    public var search = SearchMethod.knapsack(KnapsackSearch())
    public var method = LowRankMethod()
  }
}

extension KeyValueSetting: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("low-rank", LowRank()) {
      RecipeKey("keep", \.keep, .above(0, upTo: 1))
      RecipeKey("kv", \.kv, .above(0, upTo: 1)).checked { setting, place in
        guard (setting.keep == nil) != (setting.kv == nil) else {
          throw RecipeError(place, "has to stand there, or keep: one of them, and not both")
        }
      }
      RecipeKey("bits", \.bits).checked { try check($0.bits, at: $1) }
      RecipeKey("headGroup", \.headGroup, .in(1...65_536))
      RecipeKey("latentGroup", \.latentGroup, .in(1...65_536))
      RecipeKey("step", \.step, .in(1...65_536))
      RecipeKey("layerGroup", \.layerGroup, .in(1...1024)).written { $0.layerGroup > 1 }
      RecipeKey("ranks", \.ranks)
      RecipeKey("sides", \.sides)
      RecipeKey("method", \.method)
    } make: {
      .lowRank($0)
    } settings: {
      if case .lowRank(let setting) = $0 { setting } else { nil }
    }
    Alternative("whole", Whole()) {
      RecipeKey("keyBits", \.keyBits).checked { try check($0.keyBits, at: $1) }
      RecipeKey("valueBits", \.valueBits).checked { try check($0.valueBits, at: $1) }
      RecipeKey("latentGroup", \.latentGroup, .in(1...65_536))
      RecipeKey("rotation", \.rotation)
    } make: {
      .whole($0)
    } settings: {
      if case .whole(let setting) = $0 { setting } else { nil }
    }
    Alternative("channelwise", Channelwise()) {
      RecipeKey("bits", \.bits).checked { setting, place in
        guard LatentQuantizer.bitWidths.contains(setting.bits) else {
          throw RecipeError(place, "is \(setting.bits), expected 8, 4, 3 or 2")
        }
      }
      RecipeKey("block", \.block, .in(1...65_536))
      RecipeKey("valueGroup", \.valueGroup, .in(1...65_536))
    } make: {
      .channelwise($0)
    } settings: {
      if case .channelwise(let setting) = $0 { setting } else { nil }
    }
    Alternative("searched", Searched()) {
      RecipeKey("kv", \.kv, .above(0, upTo: 1))
      RecipeKey("levels", \.levels)
      RecipeKey("search", \.search)
      RecipeKey("method", \.method)
    } make: {
      .searched($0)
    } settings: {
      if case .searched(let setting) = $0 { setting } else { nil }
    }
  }

  private static func check(_ bits: Int, at place: String) throws {
    guard LatentQuantizer.choices.contains(bits) else {
      throw RecipeError(place, "is \(bits), expected 16, 8, 4, 3 or 2")
    }
  }
}
