import SwiftletModels
import SwiftletNN
import Yams

extension ForeignConfiguration {
  /// The `config.json` of Hugging Face transformers; absent keys have the library's defaults.
  ///
  /// Source: `configuration_vit.py`, `configuration_deit.py`, `configuration_dinov2.py` and `configuration_swin.py` of
  /// transformers 5.
  mutating func readHuggingFace(_ object: ForeignObject) throws {
    let type = try object.text("model_type") ?? ""
    switch type {
    case "vit", "deit": try readVisionTransformer(object, type)
    case "dinov2", "dinov2_with_registers": try readDINO(object, type)
    case "swin": try readSwin(object)
    default:
      throw object.error(
        "model_type is \(type), which Swiftlet does not have: "
          + "vit, deit, dinov2, dinov2_with_registers and swin are known")
    }
    try readNames(object)
  }

  private mutating func readVisionTransformer(_ object: ForeignObject, _ type: String) throws {
    try readCommon(object, family: "deit", patch: 16, epsilon: 1e-12)
    let width = try object.integer("hidden_size") ?? 768
    try readBlocks(object, width: width)
    let hidden = try object.integer("intermediate_size") ?? 3072
    network("mlpRatio", .number(Double(hidden) / Double(width)), "intermediate_size", object)
    network("pooling", Node("classToken"), "model_type", object)
    network("finalNorm", Node("tokens"), "model_type", object)
    // A DeiT has a distillation token; only the variant with a teacher has a head on it.
    let hasTeacher = try object.texts("architectures")?.contains { $0.hasSuffix("WithTeacher") } ?? false
    let distillation = type == "vit" ? "none" : hasTeacher ? "head" : "token"
    network("distillation", Node(distillation), type == "vit" ? "model_type" : "architectures", object)
  }

  private mutating func readDINO(_ object: ForeignObject, _ type: String) throws {
    try readCommon(object, family: "deit", patch: 14, epsilon: 1e-6)
    let width = try object.integer("hidden_size") ?? 768
    try readBlocks(object, width: width)
    if try object.flag("use_swiglu_ffn") == true {
      throw object.error("use_swiglu_ffn is true, Swiftlet's blocks have no gated layers")
    }
    network("mlpRatio", .number(try object.number("mlp_ratio") ?? 4), "mlp_ratio", object)
    network(
      "layerScale", .number(try object.number("layerscale_value") ?? 1), "layerscale_value", object, rule: .irrelevant)
    let registers = type == "dinov2" ? 0 : try object.integer("num_register_tokens", from: 0) ?? 4
    network("registerTokens", .integer(registers), "num_register_tokens", object)
    // The classifier reads the class token beside the mean of the patches; the backbone alone gives the class token.
    let classifies = try object.texts("architectures")?.contains { $0.hasSuffix("ForImageClassification") } ?? false
    network("pooling", Node(classifies ? "classTokenAndMean" : "classToken"), "architectures", object)
    network("finalNorm", Node("tokens"), "model_type", object)
  }

  private mutating func readSwin(_ object: ForeignObject) throws {
    try readCommon(object, family: "swin", patch: 4, epsilon: 1e-5)
    if try object.flag("use_absolute_embeddings") == true {
      throw object.error("use_absolute_embeddings is true, Swiftlet's Swin has relative positions alone")
    }
    if let epsilon = try object.number("layer_norm_eps"), abs(epsilon / 1e-5 - 1) > 1e-6 {
      throw object.error(
        "layer_norm_eps is \(epsilon), which Hugging Face's Swin gives to some of its norms and 1e-05 to the others: "
          + "Swiftlet's has one epsilon")
    }
    network("width", .integer(try object.integer("embed_dim") ?? 96), "embed_dim", object)
    network("depths", .list((try object.integers("depths") ?? [2, 2, 6, 2]).map(Node.integer)), "depths", object)
    network(
      "heads", .list((try object.integers("num_heads") ?? [3, 6, 12, 24]).map(Node.integer)), "num_heads", object)
    network("windowSize", .integer(try object.integer("window_size") ?? 7), "window_size", object)
    network("windowPadding", Node("beforeShift"), "model_type", object)
    network("mlpRatio", .number(try object.number("mlp_ratio") ?? 4), "mlp_ratio", object)
  }

  /// What all these networks have.
  private mutating func readCommon(_ object: ForeignObject, family: String, patch: Int, epsilon: Double) throws {
    add("model.family", Node(family), from: "model_type", in: object)
    let size = try object.size("image_size") ?? 224
    trainedSize = size
    network("imageSize", size.node, "image_size", object, rule: .recipeStays)
    network("patchSize", .integer(try object.side("patch_size") ?? patch), "patch_size", object)
    network("channels", .integer(try object.integer("num_channels") ?? 3), "num_channels", object)
    network("qkvBias", .flag(try object.flag("qkv_bias") ?? true), "qkv_bias", object)
    network("normEpsilon", .number(try object.number("layer_norm_eps") ?? epsilon), "layer_norm_eps", object)
    try readActivation("hidden_act", in: object, else: "gelu")
  }

  private mutating func readBlocks(_ object: ForeignObject, width: Int) throws {
    network("width", .integer(width), "hidden_size", object)
    network("depth", .integer(try object.integer("num_hidden_layers") ?? 12), "num_hidden_layers", object)
    network("heads", .integer(try object.integer("num_attention_heads") ?? 12), "num_attention_heads", object)
  }

  /// An activation by the name that transformers and timm share.
  mutating func readActivation(_ key: String, in object: ForeignObject, else name: String) throws {
    let names: [String: Activation] = [
      "gelu": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_tanh": .geluTanh,
      "quick_gelu": .quickGelu, "quickgelu": .quickGelu, "relu": .relu, "silu": .silu, "swish": .silu,
      "sigmoid": .sigmoid, "tanh": .tanh,
    ]
    let name = try object.text(key) ?? name
    guard let activation = names[name.lowercased()] else {
      throw object.error(
        "\(object.place)\(key) is \(name), which Swiftlet does not have: \(names.keys.sorted().joined(separator: ", ")) "
          + "are known")
    }
    network("activation", Node(activation.rawValue), key, object)
  }

  /// A setting of the network.
  mutating func network(
    _ key: String, _ value: Node, _ origin: String, _ object: ForeignObject, rule: ForeignSetting.Rule = .refused
  ) {
    add("model.configuration." + key, value, rule, from: origin, in: object)
  }

  /// `id2label`: every class once. Names that the library made up are no names.
  private mutating func readNames(_ object: ForeignObject) throws {
    guard let map = try object.object("id2label"), case .object(let entries) = map.value else { return }
    var names = [String?](repeating: nil, count: entries.count)
    for (key, value) in entries {
      guard let name = value.text else { throw object.error("id2label.\(key) is \(value), expected text") }
      guard let index = Int(key), names.indices.contains(index), names[index] == nil else {
        throw object.error(
          "id2label has the key \(key), expected every number from 0 to \(entries.count - 1) once")
      }
      names[index] = name
    }
    classNames = names.compactMap { $0 }
    if classNames.enumerated().allSatisfy({ $0.element == "LABEL_\($0.offset)" }) { classNames = [] }
    namesOrigin = "id2label in \(object.file.path)"
  }
}

extension ImageSize {
  /// As a recipe has it.
  var node: Node { isSquare ? .integer(height) : .list([.integer(height), .integer(width)]) }
}
