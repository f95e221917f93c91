import SwiftletFiles
import SwiftletPlans
import SwiftletRuntime

extension Recipe {
  /// The search for a plan, by `swiftlet search`.
  public struct Search: Hashable, Sendable {
    /// What each layer may become; nil takes the accelerator's levels, else the supernet's, else 1:4, 2:4 and 4:4.
    public var levels: [SparsityPattern]?
    /// Layers that stay dense, by dotted path; nil takes the supernet's.
    public var dense: [String]?
    /// Number formats that each layer may choose from; nil takes the accelerator's first, or fp32 without one.
    public var precisions: [Precision]?
    public var method = SearchMethod.evolutionary(EvolutionarySearch())
    /// What ranks the plans.
    public var measure = FitnessMeasure.loss
    /// How many images of the search split judge a plan, every class alike; nil takes all.
    public var images: Int?
    /// Training images that give int8 layers their grids.
    public var calibrationImages = 256
    public var seed = 0

    public init() {}
  }
}

extension Recipe.Search: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("levels", \.levels).writingNull().checked { search, place in
      if search.levels?.isEmpty == true { throw RecipeError(place, "is empty, expected at least one level") }
    }
    Key("dense", \.dense).writingNull()
    Key(words: "precisions", \.precisions).writingNull().checked { search, place in
      if search.precisions?.isEmpty == true { throw RecipeError(place, "is empty, expected at least one precision") }
    }
    Key("method", \.method)
    Key("measure", \.measure)
    Key("images", \.images, .in(1...10_000_000)).writingNull()
    Key("calibrationImages", \.calibrationImages, .in(1...1_000_000))
    Key("seed", \.seed)
  }
}

/// In a recipe `{kind: evolutionary, population: 50}`.
extension SearchMethod: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("random", RandomSearch()) {
      RecipeKey("count", \.count, .in(1...10_000_000))
    } make: {
      .random($0)
    } settings: {
      if case .random(let search) = $0 { search } else { nil }
    }
    Alternative("greedy", GreedySearch()) {
      RecipeKey("start", \.start)
    } make: {
      .greedy($0)
    } settings: {
      if case .greedy(let search) = $0 { search } else { nil }
    }
    Alternative("knapsack", .knapsack(KnapsackSearch()))
    Alternative("evolutionary", EvolutionarySearch(), isUsual: true) {
      // What a recipe does not say fits the population that it says.
      RecipeKey("population", \.population, .in(1...1_000_000))
      RecipeKey("parents", \.parents) { .in(1...$0.population) }
        .usually { $0.parents = min($0.parents, max(1, $0.population)) }
      RecipeKey("generations", \.generations, .in(0...1_000_000))
      RecipeKey("mutants", \.mutants) { .in(0...$0.population) }
        .usually { $0.mutants = min($0.mutants, max(0, $0.population / 2)) }
      RecipeKey("crossovers", \.crossovers) { .in(0...($0.population - $0.mutants)) }
        .usually { $0.crossovers = min($0.crossovers, max(0, $0.population - $0.mutants)) }
      RecipeKey("mutation", \.mutation)
      RecipeKey(words: "warmStart", \.warmStart)
    } make: {
      .evolutionary($0)
    } settings: {
      if case .evolutionary(let search) = $0 { search } else { nil }
    }
  }
}

/// In a recipe `{kind: resample, probability: 0.2}` or `{kind: swap}`.
extension EvolutionarySearch.Mutation: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("resample", 0.2, isUsual: true) {
      RecipeKey("probability", \.self, .above(0, upTo: 1))
    } make: {
      .resample(probability: $0)
    } settings: {
      if case .resample(let probability) = $0 { probability } else { nil }
    }
    Alternative("swap", .swap)
  }
}
