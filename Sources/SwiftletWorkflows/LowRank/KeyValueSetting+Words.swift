import SwiftletCompression
import SwiftletSearch

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
      if let step = setting.step { words.append("steps of \(step)") }
      words.append(setting.ranks.rawValue)
      if setting.sides != .both { words.append("\(setting.sides.rawValue) alone") }
      return (words + setting.method.differences).joined(separator: ", ")
    case .whole(let setting):
      var words = ["whole, \(setting.keyBits)-bit keys, \(setting.valueBits)-bit values"]
      if let group = setting.latentGroup { words.append("grids of \(group)") }
      if setting.rotation != .hadamard { words.append("\(setting.rotation.rawValue) rotation") }
      return words.joined(separator: ", ")
    case .channelwise(let setting):
      let usual = Channelwise()
      var words = ["whole, \(setting.bits) bits, keys by channel"]
      if setting.block != usual.block { words.append("blocks of \(setting.block)") }
      if setting.valueGroup != usual.valueGroup { words.append("values by \(setting.valueGroup)") }
      return words.joined(separator: ", ")
    case .searched(let setting):
      return
        (["searched in \(setting.kv) of the bytes", setting.search.kind.rawValue] + setting.levels.differences
        + setting.method.differences).joined(separator: ", ")
    }
  }
}

extension KeyValueLevels {
  /// What is not as usual.
  fileprivate var differences: [String] {
    let usual = KeyValueLevels()
    func list(_ values: [some CustomStringConvertible]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    var words: [String] = []
    if let headGroups { words.append("heads by \(list(headGroups))") }
    if shares != usual.shares { words.append("shares \(list(shares))") }
    if step != usual.step { words.append("steps of \(step)") }
    if bits != usual.bits { words.append("bits \(list(bits))") }
    if let latentGroup { words.append("grids of \(latentGroup)") }
    if !keepsProjections { words.append("low rank alone") }
    return words
  }
}
