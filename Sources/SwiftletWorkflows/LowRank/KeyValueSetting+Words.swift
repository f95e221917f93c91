import SwiftletCompression

extension KeyValueSetting: CustomStringConvertible {
  /// `low rank 0.5, 4 bits, heads by 3, fisher`.
  public var description: String {
    switch self {
    case .lowRank(let setting):
      var words = [setting.keep.map { "low rank \($0)" } ?? "low rank in \(setting.kv ?? 1) of the bytes"]
      words.append("\(setting.bits) bits")
      if let group = setting.headGroup { words.append("heads by \(group)") }
      if setting.layerGroup > 1 { words.append("layers by \(setting.layerGroup)") }
      if let group = setting.latentGroup { words.append("grids of \(group)") }
      words.append(setting.ranks.rawValue)
      if setting.sides != .both { words.append("\(setting.sides.rawValue) alone") }
      words += Self.words(of: setting.method)
      return words.joined(separator: ", ")
    case .whole(let setting):
      var words = ["whole, \(setting.keyBits)-bit keys, \(setting.valueBits)-bit values"]
      if let group = setting.latentGroup { words.append("grids of \(group)") }
      if setting.rotation != .hadamard { words.append("\(setting.rotation.rawValue) rotation") }
      return words.joined(separator: ", ")
    case .channelwise(let setting):
      return "whole, \(setting.bits) bits, keys by channel"
    case .searched(let setting):
      return
        (["searched in \(setting.kv) of the bytes", setting.search.kind.rawValue] + Self.words(of: setting.method))
        .joined(separator: ", ")
    }
  }

  /// What differs from the usual.
  private static func words(of method: LowRankMethod) -> [String] {
    var words: [String] = []
    if method.rotation != .hadamard { words.append("\(method.rotation.rawValue) rotation") }
    if method.weighsKeys || method.weighsValues {
      let sides = [method.weighsKeys ? "keys" : nil, method.weighsValues ? "values" : nil].compactMap(\.self)
      words.append("weighed \(sides.joined(separator: " and "))")
    }
    if method.whole.newest > 0 || method.whole.first > 0 {
      words.append("\(method.whole.newest) newest and \(method.whole.first) first whole")
    }
    return words
  }
}
