import SwiftletModels
import SwiftletTensor

extension Recipe {
  /// Which network, and where its weights start.
  public struct Model: Hashable, Sendable {
    /// In a recipe the key `family`, and `tiny`, `small`, `base` or a mapping such as `{width: 128, depth: 6, heads: 4}`.
    public var configuration: ClassifierConfiguration
    public var initialization = Start.normal

    public init(_ configuration: ClassifierConfiguration, initialization: Start = .normal) {
      (self.configuration, self.initialization) = (configuration, initialization)
    }

    public var family: Family {
      switch configuration {
      case .deit: .deit
      case .swin: .swin
      }
    }

    public var classes: Int { configuration.classes }
    public var imageSize: ImageSize { configuration.imageSize }

    /// The network with its first weights, which `seed` decides.
    public func make(seed: Int) throws -> any ImageClassifier {
      let generator = Generator(seed: UInt64(seed))
      let model = try configuration.network(using: generator)
      if initialization == .mimetic, let model = model as? VisionTransformer {
        model.initializeMimetically(using: generator)
      }
      return model
    }
  }

  /// Networks of one architecture.
  public enum Family: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable { case deit, swin }

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
    let family: Recipe.Family = try section.required(.family)
    configuration =
      switch family {
      case .deit: .deit(try section.required(.configuration, as: NamedOrWritten<DeiTConfiguration>.self).configuration)
      case .swin: .swin(try section.required(.configuration, as: NamedOrWritten<SwinConfiguration>.self).configuration)
      }
    try section.read(.initialization, into: &initialization)
    if initialization == .mimetic, family != .deit {
      let place = (decoder.codingPath.map(\.stringValue) + ["initialization"]).joined(separator: ".")
      throw RecipeError(place, "is 'mimetic', which is for deit; a \(family.rawValue) starts as normal")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(family, forKey: .family)
    switch configuration {
    case .deit(let configuration): try container.encode(configuration, forKey: .configuration)
    case .swin(let configuration): try container.encode(configuration, forKey: .configuration)
    }
    try container.encode(initialization, forKey: .initialization)
  }

  public var description: String { "\(configuration)" }
}

/// A configuration that has sizes with a name.
private protocol NamedConfiguration: Decodable {
  associatedtype CodingKeys: CodingKey & CaseIterable
  static var tiny: Self { get }
  static var small: Self { get }
  static var base: Self { get }
}

extension DeiTConfiguration: NamedConfiguration {}
extension SwinConfiguration: NamedConfiguration {}

/// A configuration by its name, or key by key.
private struct NamedOrWritten<Configuration: NamedConfiguration>: Decodable {
  let configuration: Configuration

  init(from decoder: any Decoder) throws {
    guard let name = try? decoder.singleValueContainer().decode(String.self) else {
      _ = try RecipeSection(decoder, keyedBy: Configuration.CodingKeys.self)
      configuration = try Configuration(from: decoder)
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
