import SwiftletCompression
import SwiftletModels
import SwiftletPlans
import SwiftletSearch

// What settings come to for a network.

extension KeyValueSetting {
  /// Refuses what no network of this shape can have, before anything is measured.
  func check(for configuration: LlamaConfiguration) throws {
    switch self {
    case .lowRank(let setting):
      let whole = try CostModel.cacheBytes.total(of: configuration.slots, under: CompressionPlan())
      try KeyValuePlanner.check(setting.allowance(of: whole), bits: setting.bits, setting.shape, for: configuration)
    case .whole(let setting):
      for bits in [setting.keyBits, setting.valueBits] where bits < 16 {
        _ = try LatentQuantizer(bits: bits, group: setting.latentGroup).slices(ofWidth: configuration.headWidth)
      }
    case .channelwise(let setting): _ = try setting.memory(headWidth: configuration.headWidth)
    case .searched(let setting): _ = try setting.work(of: configuration)
    }
  }

  /// Neighbouring layers that share a latent.
  var layerGroup: Int { if case .lowRank(let setting) = self { setting.layerGroup } else { 1 } }
}

extension KeyValueSetting.LowRank {
  var shape: KeyValuePlanner.Shape {
    var shape = KeyValuePlanner.Shape()
    (shape.headGroup, shape.latentGroup, shape.step) = (headGroup, latentGroup, step)
    shape.layerGroup = layerGroup
    return shape
  }

  /// - Parameter whole: the bytes of a token in 16 bits.
  func allowance(of whole: Int) -> RankPlanner.Allowance {
    kv.map { .bytesPerToken(Int($0 * Double(whole))) } ?? .share(keep ?? 1)
  }
}

extension KeyValueSetting.Whole {
  func plan(of slots: [Slot]) -> CompressionPlan {
    var plan = CompressionPlan()
    for slot in slots {
      guard let side = CacheSide(slot.kind) else { continue }
      let bits = side == .keys ? keyBits : valueBits
      guard bits < 16 else { continue }
      var choice = LayerChoice(
        rank: nil, headGroup: 1, keyBits: side == .keys ? bits : nil, valueBits: side == .values ? bits : nil)
      choice.latentGroup = latentGroup
      plan[slot.path] = choice
    }
    return plan
  }
}

extension KeyValueSetting.Channelwise {
  func memory(headWidth: Int) throws(LowRankError) -> ChannelwiseKeyValueMemory {
    try ChannelwiseKeyValueMemory(bits: bits, headWidth: headWidth, block: block, valueGroup: valueGroup)
  }
}

extension KeyValueSetting.Searched {
  /// - Throws: at once if no plan meets the budget.
  func work(of configuration: LlamaConfiguration) throws -> KeyValueSearch {
    var recipe = KeyValueRecipe()
    (recipe.levels, recipe.method, recipe.search.method) = (levels, method, search)
    return try KeyValueSearch(recipe, budget: Budget(parsing: "kv=\(kv)"), of: configuration)
  }
}
