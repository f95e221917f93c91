import SwiftletCompression
import SwiftletPlans
import SwiftletTraining

/// How the keys and values of a language model are made small. In a file:
/// ```yaml
/// task: keys-and-values
/// calibration: {files: [wikitext2.valid.tokens], windows: 64, window: 1024}
/// method: {rotation: hadamard, weighsKeys: true, weighsValues: true}
/// levels: {headGroups: [1, 3], shares: [0.25, 0.5, 0.75, 1], bits: [2, 3, 4, 8]}
/// search: {judged: {files: [tinyshakespeare.txt], windows: 4, window: 1024}, method: {kind: knapsack}}
/// ```
public struct KeyValueRecipe: Hashable, Sendable {
  public static let task = "keys-and-values"

  /// What bases are found from.
  public var calibration = TextSample()
  public var method = LowRankMethod()
  public var levels = KeyValueLevels()
  public var search = Search()

  public init() {}

  /// The search for a plan.
  public struct Search: Hashable, Sendable {
    /// What plans are judged by.
    public var judged = TextSample(windows: 4)
    public var method = SearchMethod.knapsack(KnapsackSearch())
    public var measure = ForecastMeasure.divergence
    public var seed = 0

    public init() {}
  }
}

extension KeyValueRecipe: NamedRecipe {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("calibration", \.calibration).required()
    Key("method", \.method)
    Key("levels", \.levels)
    Key("search", \.search).required()
  }
}

extension KeyValueRecipe.Search: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("judged", \.judged).required()
    Key("method", \.method)
    Key("measure", \.measure)
    Key("seed", \.seed)
  }
}

extension LowRankMethod: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("route", \.route)
    Key("rotation", \.rotation)
    Key("weighsKeys", \.weighsKeys)
    Key("weighsValues", \.weighsValues)
    Key("newestWhole", \.whole.newest, .in(0...1_048_576))
    Key("firstWhole", \.whole.first, .in(0...1_048_576))
    Key("seed", \.seed)
  }
}
