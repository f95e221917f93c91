import SwiftletFiles
import SwiftletModels
import SwiftletTensor

extension Recipe {
  /// Which network, and where its weights start.
  public struct Model: Hashable, Sendable {
    /// In a recipe the key `family`, and `tiny`, `small`, `base` or a mapping such as `{width: 128, depth: 6, heads: 4}`.
    public var configuration: ClassifierConfiguration
    public var initialization = Start.normal
    /// Whether training that begins with trained weights leaves their head out and starts one anew, for other classes.
    public var newHead = false

    public init(_ configuration: ClassifierConfiguration, initialization: Start = .normal) {
      (self.configuration, self.initialization) = (configuration, initialization)
    }

    public var family: ModelFamily {
      get { configuration.family }
      set { if newValue != family { configuration = ClassifierConfiguration(newValue.configuration.init()) } }
    }

    public var classes: Int { configuration.classes }
    public var imageSize: ImageSize { configuration.imageSize }

    /// The network with its first weights, which `seed` decides.
    public func make(seed: Int) throws -> any ImageClassifier {
      try advising("choose a smaller model.configuration", while: "making the network") {
        let generator = Generator(seed: UInt64(seed))
        let model = try configuration.network(using: generator)
        if initialization == .mimetic, let model = model as? VisionTransformer {
          model.initializeMimetically(using: generator)
        }
        return model
      }
    }
  }

  /// The distribution of the first weights.
  public enum Start: String, FileWord, Hashable, Sendable, CaseIterable {
    /// `N(0, 0.02²)`, as DeiT.
    case normal
    /// Attention that looks like a trained one's, and sine-cosine positions; learns faster on small data.
    case mimetic
  }
}

extension Recipe.Model: RecipeSection, CustomStringConvertible {
  public static var defaults: Self { Self(.deit(DeiTConfiguration())) }
  public static var keys: [RecipeKey<Self>] {
    Key("family", \.family).required()
    Key("configuration") { model, decoder in
      model.configuration = try ClassifierConfiguration(read(model.family.configuration, from: decoder))
    } write: {
      $0.configuration.common
    }.required()
    Key("initialization", \.initialization)
    Key("newHead", \.newHead).written { $0.newHead }
  }

  public init(from decoder: any Decoder) throws {
    self = Self.defaults
    try Key.read(Self.keys, into: &self, from: decoder)
    if initialization == .mimetic, family != .deit {
      throw RecipeError(
        "\(decoder.place).initialization", "is 'mimetic', which is for deit; a \(family.rawValue) starts as normal")
    }
  }

  public var description: String { "\(configuration)" }
}

/// A configuration by its name, or key by key.
private func read<Configuration: ImageClassifierConfiguration>(
  _ type: Configuration.Type, from decoder: any Decoder
) throws -> any ImageClassifierConfiguration {
  guard let name = try? decoder.singleValueContainer().decode(String.self) else {
    _ = try RecipeValues(decoder, knowing: Configuration.CodingKeys.allCases.map(\.stringValue))
    return try Configuration(from: decoder)
  }
  guard let size = Configuration.sizes.first(where: { $0.key == name }) else {
    let names = Configuration.sizes.map(\.key).joined(separator: ", ")
    throw RecipeError(decoder.place, "is '\(name)', expected \(names) or a mapping with keys")
  }
  return size.value
}
