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

  public enum Family: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable { case deit }

  /// The distribution of the first weights.
  public enum Start: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
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
    configuration = try section.required(.configuration, as: NamedOrWritten.self).configuration
    try section.read(.initialization, into: &initialization)
  }

  /// A configuration by its name, or key by key.
  private struct NamedOrWritten: Decodable {
    let configuration: DeiTConfiguration

    init(from decoder: any Decoder) throws {
      guard let name = try? decoder.singleValueContainer().decode(String.self) else {
        _ = try RecipeSection(decoder, keyedBy: DeiTConfiguration.CodingKeys.self)
        configuration = try DeiTConfiguration(from: decoder)
        return
      }
      switch name {
      case "tiny": configuration = .tiny
      case "small": configuration = .small
      case "base": configuration = .base
      default:
        let place = decoder.codingPath.map(\.stringValue).joined(separator: ".")
        throw RecipeError(place, "is '\(name)', expected tiny, small, base or a mapping with keys")
      }
    }
  }

  public var description: String {
    "DeiT \(configuration.imageSize) px, patches of \(configuration.patchSize), width \(configuration.width), depth "
      + "\(configuration.depth), \(configuration.heads) heads"
  }
}
