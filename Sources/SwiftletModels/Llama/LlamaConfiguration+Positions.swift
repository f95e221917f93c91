import SwiftletFiles
import SwiftletNN

extension LlamaConfiguration {
  /// How a `config.json` says that tokens are placed: `rope_parameters` since transformers 5, `rope_theta` and
  /// `rope_scaling` before.
  static func positions(
    _ fields: inout ConfigurationFields, _ architecture: LlamaArchitecture, context: Int
  ) throws(ConfigurationError) -> Positions {
    if architecture == .swiftlet, let kind = try fields.text("position_embedding_type") {
      switch kind {
      case "rope": break
      case "alibi": return .linearBiases
      case "none": return .none
      default:
        throw ConfigurationError(
          "position_embedding_type of config.json is \(kind.debugDescription), expected rope, alibi or none")
      }
    }
    let base = try fields.number("rope_theta")
    let present = fields.value("rope_parameters")
    let earlier = fields.value("rope_scaling")
    guard present == nil || earlier == nil else {
      throw ConfigurationError("config.json has both rope_parameters and rope_scaling: one of them is meant")
    }
    guard let object = present ?? earlier else { return .rotary(base: base ?? 10_000) }
    var rotation = try ConfigurationFields(object, name: present == nil ? "rope_scaling" : "rope_parameters")
    let inner = try rotation.number("rope_theta")
    if let base, let inner, base != inner {
      throw ConfigurationError("config.json contradicts itself: rope_theta is \(base) and \(inner)")
    }
    let scaling = try Self.scaling(&rotation, context: context)
    if let factor = try rotation.number("partial_rotary_factor"), factor != 1 {
      throw ConfigurationError("partial_rotary_factor of config.json is \(factor): heads are turned as a whole here")
    }
    try rotation.refuseOthers()
    return .rotary(base: inner ?? base ?? 10_000, scaling: scaling)
  }

  private static func scaling(
    _ fields: inout ConfigurationFields, context: Int
  ) throws(ConfigurationError) -> RotaryScaling {
    let (now, earlier) = (try fields.text("rope_type"), try fields.text("type"))
    if let now, let earlier, now != earlier {
      throw ConfigurationError("config.json contradicts itself: rope_type is \(now) and type \(earlier)")
    }
    switch now ?? earlier ?? "default" {
    case "default": return .none
    case "linear": return .linear(factor: try fields.requiredNumber("factor"))
    case "dynamic": return .dynamic(factor: try fields.requiredNumber("factor"), trainedPositions: context)
    case "llama3":
      return .llama3(
        factor: try fields.requiredNumber("factor"), lowFrequency: try fields.requiredNumber("low_freq_factor"),
        highFrequency: try fields.requiredNumber("high_freq_factor"),
        trainedPositions: try fields.integer("original_max_position_embeddings") ?? context)
    case "yarn": return .yarn(try yarn(&fields, context: context))
    case let kind:
      throw ConfigurationError(
        "rotations of the kind \(kind.debugDescription) are not known here, only default, linear, dynamic, llama3 and yarn"
      )
    }
  }

  private static func yarn(
    _ fields: inout ConfigurationFields, context: Int
  ) throws(ConfigurationError) -> RotaryScaling.YaRN {
    let trained = try fields.integer("original_max_position_embeddings") ?? context
    let factor = try fields.number("factor") ?? Double(context) / Double(max(trained, 1))
    var yarn = RotaryScaling.YaRN(factor: factor, trainedPositions: trained)
    let (scale, scaleOfAll) = (try fields.number("mscale"), try fields.number("mscale_all_dim"))
    if let given = try fields.number("attention_factor") {
      yarn.attentionFactor = given
    } else if let scale, let scaleOfAll, scale != 0, scaleOfAll != 0 {
      yarn.attentionFactor =
        RotaryScaling.YaRN.attentionFactor(of: factor, scale: scale)
        / RotaryScaling.YaRN.attentionFactor(of: factor, scale: scaleOfAll)
    }
    // 0 is as good as absent there.
    if let turns = try fields.number("beta_fast"), turns != 0 { yarn.fastTurns = turns }
    if let turns = try fields.number("beta_slow"), turns != 0 { yarn.slowTurns = turns }
    yarn.truncates = try fields.flag("truncate") ?? true
    return yarn
  }
}
