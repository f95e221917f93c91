import SwiftletTraining

/// Many ways to make the keys and values of a language model small, to be judged side by side. In a file:
/// ```yaml
/// task: compare-keys-and-values
/// calibration: {files: [wikitext2.valid.tokens], windows: 32, window: 1024}
/// judged:
///   - {files: [wikitext2.test.tokens], windows: 8, window: 2048}
/// searched: {files: [tinystories_2MiB.txt], windows: 2, window: 512}
/// settings:
///   - {kind: low-rank, keep: 0.5, bits: 4}
///   - {kind: whole, keyBits: 4, valueBits: 3}
/// ```
public struct KeyValueComparisonRecipe: Hashable, Sendable {
  public static let task = "compare-keys-and-values"

  /// What bases are found from, and gradients and exchange rates measured on.
  public var calibration = TextSample()
  /// What settings are judged by.
  public var judged: [TextSample] = []
  /// What searches judge plans by.
  public var searched: TextSample?
  public var settings: [KeyValueSetting] = []

  public init() {}
}

extension KeyValueComparisonRecipe: NamedRecipe {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("calibration", \.calibration).required()
    Key("judged", \.judged).required().checked { recipe, place in
      if recipe.judged.isEmpty { throw RecipeError(place, "is empty, expected texts to judge by") }
      for (number, sample) in recipe.judged.enumerated() { try sample.validate(at: "\(place)[\(number)]") }
    }
    Key("searched", \.searched)
    Key("settings", \.settings).required().checked { recipe, place in
      if recipe.settings.isEmpty { throw RecipeError(place, "is empty, expected what to compare") }
      for (number, setting) in recipe.settings.enumerated() {
        try setting.validate(at: "\(place)[\(number)]")
        // The newest token of a window of 2 tokens and more is foretold, and not read.
        if case .channelwise(let memory) = setting, let window = recipe.judged.map(\.window).min(),
          memory.block >= window - 1
        {
          throw RecipeError(
            "\(place)[\(number)].block",
            "is \(memory.block): in windows of \(window) tokens that are judged no key would be rounded")
        }
      }
      if recipe.searched == nil, let number = recipe.settings.firstIndex(where: \.isSearched) {
        throw RecipeError("\(place)[\(number)]", "searches, and nothing says on which text: set searched")
      }
    }
  }
}

extension KeyValueSetting {
  fileprivate var isSearched: Bool { if case .searched = self { true } else { false } }
}
