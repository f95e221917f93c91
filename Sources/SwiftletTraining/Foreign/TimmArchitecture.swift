import Yams

/// What the name of one of timm's networks says: the settings that `model_args` leaves out.
struct TimmArchitecture {
  let family: String
  /// By the keys of our configuration.
  let settings: [String: Node]

  /// - Parameter name: such as `deit_small_distilled_patch16_224`; what follows a dot says how it was trained.
  init?(_ name: String) {
    let name = String(name.prefix { $0 != "." })
    if let match = name.wholeMatch(
      of: #/(vit|deit|deit3)_(tiny|small|medium|base|large|huge)(_distilled)?_patch(\d{1,2})_(\d{2,4})/#)
    {
      let sizes: [Substring: (width: Int, depth: Int, heads: Int)] =
        match.1 == "deit3"
        ? [
          "small": (384, 12, 6), "medium": (512, 12, 8), "base": (768, 12, 12), "large": (1024, 24, 16),
          "huge": (1280, 32, 16),
        ]
        : [
          "tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16),
          "huge": (1280, 32, 16),
        ]
      guard let size = sizes[match.2], match.3 == nil || match.1 == "deit" else { return nil }
      self.init(transformer: size, patch: match.4, image: match.5)
      if match.3 != nil { self = adding(["distillation": Node("head")]) }
      if match.1 == "deit3" { self = adding(["positions": Node("patches"), "layerScale": .number(1e-6)]) }
    } else if let match = name.wholeMatch(of: #/vit_(small|base|large)_patch14_(reg4_)?dinov2/#) {
      let sizes: [Substring: (Int, Int, Int)] = ["small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)]
      guard let size = sizes[match.1] else { return nil }
      self.init(transformer: size, patch: "14", image: "518")
      self = adding(["layerScale": .number(1e-5)])
      if match.2 != nil { self = adding(["registerTokens": .integer(4), "positions": Node("patches")]) }
    } else if let match = name.wholeMatch(of: #/swin_(tiny|small|base|large)_patch(\d)_window(\d{1,2})_(\d{2,4})/#) {
      let sizes: [Substring: (width: Int, depths: [Int], heads: [Int])] = [
        "tiny": (96, [2, 2, 6, 2], [3, 6, 12, 24]), "small": (96, [2, 2, 18, 2], [3, 6, 12, 24]),
        "base": (128, [2, 2, 18, 2], [4, 8, 16, 32]), "large": (192, [2, 2, 18, 2], [6, 12, 24, 48]),
      ]
      guard let size = sizes[match.1] else { return nil }
      self.init(
        family: "swin",
        settings: [
          "width": .integer(size.width), "depths": .list(size.depths.map(Node.integer)),
          "heads": .list(size.heads.map(Node.integer)), "patchSize": Node(String(match.2)),
          "windowSize": Node(String(match.3)), "imageSize": Node(String(match.4)), "normEpsilon": .number(1e-5),
          "windowPadding": Node("afterShift"), "mlpRatio": .number(4), "qkvBias": .flag(true),
          "activation": Node("gelu"),
        ])
    } else {
      return nil
    }
  }

  private init(transformer size: (width: Int, depth: Int, heads: Int), patch: Substring, image: Substring) {
    family = "deit"
    settings = [
      "width": .integer(size.width), "depth": .integer(size.depth), "heads": .integer(size.heads),
      "patchSize": Node(String(patch)), "imageSize": Node(String(image)), "normEpsilon": .number(1e-6),
      "mlpRatio": .number(4), "qkvBias": .flag(true), "activation": Node("gelu"), "classToken": .flag(true),
      "distillation": Node("none"), "registerTokens": .integer(0), "positions": Node("allTokens"),
      "pooling": Node("classToken"), "finalNorm": Node("tokens"),
    ]
  }

  private init(family: String, settings: [String: Node]) { (self.family, self.settings) = (family, settings) }

  private func adding(_ others: [String: Node]) -> TimmArchitecture {
    TimmArchitecture(family: family, settings: settings.merging(others) { $1 })
  }
}
