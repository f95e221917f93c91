import SwiftletModels
import Yams

extension ForeignConfiguration {
  /// timm's `config.json`: an architecture by its name, what was changed of it, and how images were prepared.
  ///
  /// Source: `_hub.py`, `_builder.py`, `vision_transformer.py` and `swin_transformer.py` of timm 1.0.
  mutating func readTimm(_ object: ForeignObject) throws {
    let name = try object.text("architecture") ?? ""
    // Files of timm before 0.8 hold the settings of images themselves.
    let images = try object.object("pretrained_cfg") ?? object
    let arguments = try object.object("model_args")
    guard let architecture = TimmArchitecture(name) else {
      throw object.error(
        "architecture is \(name), whose shape Swiftlet does not know: give --recipe and move this file away, or check "
          + "that the network is one of vit_*, deit_*, deit3_*, vit_*_dinov2 and swin_*")
    }
    add("model.family", Node(architecture.family), from: "architecture", in: object)
    if let arguments {
      if architecture.family == "swin" {
        try readSwinArguments(arguments)
      } else {
        try readTransformerArguments(arguments)
      }
    }
    if architecture.family == "deit" { try readPooling(object, arguments) }
    if let input = try images.integers("input_size") {
      guard input.count == 3 else {
        throw images.error("\(images.place)input_size is \(input), expected three numbers")
      }
      let size = ImageSize(height: input[1], width: input[2])
      network("imageSize", size.node, "input_size", images, rule: .recipeStays)
      network("channels", .integer(input[0]), "input_size", images)
    }
    for (key, value) in architecture.settings.sorted(by: { $0.key < $1.key }) {
      let rule: ForeignSetting.Rule =
        key == "imageSize" ? .recipeStays : key == "layerScale" ? .irrelevant : .refused
      network(key, value, "architecture", object, rule: rule)
    }
    trainedSize = settings.first { $0.key == "model.configuration.imageSize" }.flatMap { ImageSize(node: $0.value) }
    try readTimmImages(images)
    if let names = try object.texts("label_names") ?? images.texts("label_names") {
      (classNames, namesOrigin) = (names, "label_names in \(object.file.path)")
    }
  }

  /// Arguments that change nothing that a trained network computes.
  private static let harmless: Set<String> = [
    "num_classes", "global_pool", "fc_norm", "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate",
    "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad",
    "strict_img_size", "pretrained", "always_partition",
  ]

  private mutating func readTransformerArguments(_ object: ForeignObject) throws {
    try readArguments(object)
    network("depth", try object.integer("depth"), "depth", object)
    network("heads", try object.integer("num_heads"), "num_heads", object)
    if let present = try object.flag("class_token") { network("classToken", .flag(present), "class_token", object) }
    if let bare = try object.flag("no_embed_class") {
      network("positions", Node(bare ? "patches" : "allTokens"), "no_embed_class", object)
    }
    network("registerTokens", try object.integer("reg_tokens", from: 0), "reg_tokens", object)
    if let scale = try object.number("init_values") {
      network("layerScale", .number(scale), "init_values", object, rule: .irrelevant)
    }
    try refuseOthers(
      object, than: ["depth", "num_heads", "class_token", "no_embed_class", "reg_tokens", "init_values"])
  }

  private mutating func readSwinArguments(_ object: ForeignObject) throws {
    try readArguments(object)
    if let depths = try object.integers("depths") {
      network("depths", .list(depths.map(Node.integer)), "depths", object)
    }
    if let heads = try object.integers("num_heads") {
      network("heads", .list(heads.map(Node.integer)), "num_heads", object)
    }
    network("windowSize", try object.side("window_size"), "window_size", object)
    if let pool = try object.text("global_pool"), pool != "avg" {
      throw object.error("\(object.place)global_pool is \(pool), Swiftlet's Swin takes the mean")
    }
    try refuseOthers(object, than: ["depths", "num_heads", "window_size"])
  }

  /// Arguments that both families have.
  private mutating func readArguments(_ object: ForeignObject) throws {
    if let size = try object.size("img_size") {
      network("imageSize", size.node, "img_size", object, rule: .recipeStays)
    }
    network("patchSize", try object.side("patch_size"), "patch_size", object)
    network("channels", try object.integer("in_chans"), "in_chans", object)
    network("width", try object.integer("embed_dim"), "embed_dim", object)
    if let ratio = try object.number("mlp_ratio") { network("mlpRatio", .number(ratio), "mlp_ratio", object) }
    if let bias = try object.flag("qkv_bias") { network("qkvBias", .flag(bias), "qkv_bias", object) }
    if object.has("act_layer") { try readActivation("act_layer", in: object, else: "gelu") }
  }

  private mutating func network(_ key: String, _ value: Int?, _ origin: String, _ object: ForeignObject) {
    if let value { network(key, .integer(value), origin, object) }
  }

  /// An argument that is not known may change the network; only one that is switched off cannot.
  private func refuseOthers(_ object: ForeignObject, than own: Set<String>) throws {
    let common: Set<String> = ["img_size", "patch_size", "in_chans", "embed_dim", "mlp_ratio", "qkv_bias", "act_layer"]
    guard case .object(let entries) = object.value else { return }
    for (key, value) in entries
    where !own.contains(key) && !common.contains(key) && !Self.harmless.contains(key) {
      switch value {
      case .other("false"), .other("null"): continue
      default: throw object.error("\(object.place)\(key) is \(value), which Swiftlet's networks do not have")
      }
    }
  }

  /// What the head reads, and where the last norm stands: timm puts it behind the pooling where that is a mean, unless
  /// `fc_norm` says otherwise.
  private mutating func readPooling(_ object: ForeignObject, _ arguments: ForeignObject?) throws {
    let place = arguments?.has("global_pool") == true ? arguments : object
    let bare = try arguments?.flag("fc_norm")
    guard let place, let pool = try place.text("global_pool") else {
      if let bare { network("finalNorm", Node(bare ? "pooled" : "tokens"), "fc_norm", arguments ?? object) }
      return
    }
    guard ["token", "avg"].contains(pool) else {
      throw place.error("\(place.place)global_pool is \(pool), Swiftlet has token and avg")
    }
    network("pooling", Node(pool == "avg" ? "mean" : "classToken"), "global_pool", place)
    let origin = bare == nil ? ("global_pool", place) : ("fc_norm", arguments ?? object)
    network("finalNorm", Node(bare ?? (pool == "avg") ? "pooled" : "tokens"), origin.0, origin.1)
  }
}

extension ImageSize {
  init?(node: Node) {
    let sides = node.sequence?.compactMap { $0.scalar.flatMap { Int($0.string) } } ?? []
    if sides.count == 2 {
      self.init(height: sides[0], width: sides[1])
    } else if let side = node.scalar.flatMap({ Int($0.string) }) {
      self.init(side)
    } else {
      return nil
    }
  }
}
