import SwiftletCompression
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime

extension Recipe {
  /// Training one set of weights for all plans, from a dense network, which is the teacher too.
  public struct Supernet: Hashable, Sendable {
    /// What every searched layer may become, such as `1:4`, `2:4` and `4:4`.
    public var levels = [1, 2, 4].map { SparsityPattern(keeping: $0, of: 4) }
    /// Layers that stay dense, by dotted path.
    public var dense: [String] = []
    public var sampler = Sampler.stratified
    public var gradients = Gradients.masked

    public init() {}
  }

  /// Which subnet a step trains.
  public enum Sampler: Hashable, Sendable {
    /// Every layer draws its level alone.
    case uniform
    /// All sizes alike.
    case stratified
    case window(Window)
    case adaptive(Adaptive)
  }

  /// With a chance, a plan inside a budget; all sizes alike otherwise.
  public struct Window: Hashable, Sendable {
    /// The budget, as shares of the dense network's multiply-adds, 0...1.
    public var minimum = 0.0
    public var maximum = 0.5
    /// The chance of a plan inside the budget at the start and at the end, 0...1; in between it changes evenly.
    public var firstChance = 0.5
    public var lastChance = 1.0
    /// Epochs at either end in which the chance stays; nil is a fifteenth of all, ELSA's 10 of 150.
    public var flatEpochs: Double?

    public init() {}
  }

  /// Levels that do well on the search split more often.
  public struct Adaptive: Hashable, Sendable {
    /// Epochs between evaluations; nil is a fifteenth of all, ELSA's 10 of 150.
    public var everyEpochs: Int?
    /// Plans that are drawn and evaluated each time, 1...100000.
    public var plans = 50
    /// Levels seen fewer times are never dropped, 1...100000.
    public var minimumVisits = 5
    /// Epochs at either end in which the preference for dense, later for sparse levels stays; nil is a fifteenth of all.
    public var flatEpochs: Double?

    public init() {}
  }
}

extension Recipe.Supernet {
  /// The plans that `model` is trained for.
  ///
  /// - Throws: `CompressionPlanError` if a layer of ``dense`` is none that compression may change, or a level's groups do
  ///   not divide the inputs of a layer.
  public func space(of model: any CompressibleModel) throws -> SearchSpace {
    let layers = model.slots.map(\.path)
    for path in dense where !layers.contains(path) {
      throw CompressionPlanError.unknownLayer(path: path, known: layers)
    }
    return SearchSpace(levels, over: layers.filter { !dense.contains($0) })
  }
}

extension Recipe.Gradients {
  public var sparseGradient: SparseGradient {
    switch self {
    case .masked: .masked
    case .ste: .straightThrough
    case .srSTE: .srSTE()
    }
  }
}

extension Recipe.Supernet: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("levels", \.levels).checked { supernet, place in
      let levels = supernet.levels
      if levels.isEmpty { throw RecipeError(place, "is empty, expected patterns such as [1:4, 2:4, 4:4]") }
      if Set(levels).count < levels.count { throw RecipeError(place, "names a pattern twice") }
    }
    Key("dense", \.dense)
    Key("sampler", \.sampler)
    Key("gradients", \.gradients)
  }

  /// Checks what concerns the recipe's other sections too.
  func check(at place: String, in recipe: Recipe) throws {
    let flatEpochs: Double?
    switch sampler {
    case .uniform, .stratified: flatEpochs = nil
    case .window(let window): flatEpochs = window.flatEpochs
    case .adaptive(let adaptive):
      flatEpochs = adaptive.flatEpochs
      if recipe.data.searchFraction == 0 {
        throw RecipeError(
          "\(place).sampler.kind", "is adaptive, which evaluates plans: data.searchFraction must be above 0")
      }
    }
    if let flatEpochs {
      try RecipeRange.in(0...(Double(recipe.training.epochs) / 2)).check(flatEpochs, "\(place).sampler.flatEpochs")
    }
    if recipe.training.distillation == nil {
      throw RecipeError(
        place, "learns from its dense network: set training.distillation, as in {weight: 1, temperature: 1}")
    }
  }
}

extension Recipe.Sampler: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("uniform", .uniform)
    Alternative("stratified", .stratified)
    Alternative("window") {
      .window($0)
    } settings: {
      if case .window(let window) = $0 { window } else { nil }
    }
    Alternative("adaptive") {
      .adaptive($0)
    } settings: {
      if case .adaptive(let adaptive) = $0 { adaptive } else { nil }
    }
  }
}

extension Recipe.Window: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("minimum", \.minimum, .in(0...1))
    Key("maximum", \.maximum) { .in($0.minimum...1) }
    Key("firstChance", \.firstChance, .in(0...1))
    Key("lastChance", \.lastChance, .in(0...1))
    Key("flatEpochs", \.flatEpochs).writingNull()
  }
}

extension Recipe.Adaptive: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("everyEpochs", \.everyEpochs, .in(1...10_000)).writingNull()
    Key("plans", \.plans, .in(1...100_000))
    Key("minimumVisits", \.minimumVisits, .in(1...100_000))
    Key("flatEpochs", \.flatEpochs).writingNull()
  }
}
