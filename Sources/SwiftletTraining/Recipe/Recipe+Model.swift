import SwiftletModels
import SwiftletTensor

extension Recipe {
  /// Which network, and where its weights start.
  public struct Model: Hashable, Sendable {
    public var family = Family.deit
    /// `tiny`, `small`, `base`, or a mapping such as `{width: 128, depth: 6, heads: 4}`.
    public var configuration: DeiTConfiguration
    public var initialization = Start.normal

    public init(_ configuration: DeiTConfiguration, initialization: Start = .normal) {
      (self.configuration, self.initialization) = (configuration, initialization)
    }

    public var classes: Int { configuration.classes }
    /// Pixels of a side of the images.
    public var imageSize: Int { configuration.imageSize }

    /// The network with its first weights, which `seed` decides.
    public func make(seed: Int) throws -> VisionTransformer {
      let generator = Generator(seed: UInt64(seed))
      let model = try VisionTransformer(configuration, using: generator)
      if initialization == .mimetic { model.initializeMimetically(using: generator) }
      return model
    }
  }

  public enum Family: String, Codable, Hashable, Sendable, CaseIterable { case deit }

  /// The distribution of the first weights.
  public enum Start: String, Codable, Hashable, Sendable, CaseIterable {
    /// `N(0, 0.02²)`, as DeiT.
    case normal
    /// Attention that looks like a trained one's, and sine-cosine positions; learns faster on small data.
    case mimetic
  }
}

extension Recipe.Model: Codable, CustomStringConvertible {
  enum CodingKeys: String, CodingKey, CaseIterable { case family, configuration, initialization }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    family = try section.required(.family)
    if let preset = try? section.required(.configuration, as: Preset.self) {
      configuration = preset.configuration
    } else {
      configuration = try section.required(.configuration)
    }
    try section.read(.initialization, into: &initialization)
  }

  private enum Preset: String, Codable {
    case tiny, small, base
    var configuration: DeiTConfiguration {
      switch self {
      case .tiny: .tiny
      case .small: .small
      case .base: .base
      }
    }
  }

  public var description: String {
    "DeiT \(configuration.imageSize) px, patches of \(configuration.patchSize), width \(configuration.width), depth "
      + "\(configuration.depth), \(configuration.heads) heads"
  }
}
