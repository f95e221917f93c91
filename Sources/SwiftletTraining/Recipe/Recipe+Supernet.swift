import SwiftletCompression
import SwiftletNN
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
  public func space(of model: any Layer) throws -> SearchSpace {
    let layers = model.compressibleLayers().map(\.path)
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

extension Recipe.Supernet: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case levels, dense, sampler, gradients }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.levels, into: &levels)
    try section.read(.dense, into: &dense)
    try section.read(.sampler, into: &sampler)
    try section.read(.gradients, into: &gradients)
  }

  func validate(at place: String, in recipe: Recipe) throws {
    if levels.isEmpty { throw RecipeError("\(place).levels", "is empty, expected patterns such as [1:4, 2:4, 4:4]") }
    if Set(levels).count < levels.count { throw RecipeError("\(place).levels", "names a pattern twice") }
    let epochs = Double(recipe.training.epochs)
    switch sampler {
    case .uniform, .stratified: break
    case .window(let window):
      try require(window.minimum, in: 0...1, "\(place).sampler.minimum")
      try require(window.maximum, in: window.minimum...1, "\(place).sampler.maximum")
      try require(window.firstChance, in: 0...1, "\(place).sampler.firstChance")
      try require(window.lastChance, in: 0...1, "\(place).sampler.lastChance")
      if let flat = window.flatEpochs { try require(flat, in: 0...(epochs / 2), "\(place).sampler.flatEpochs") }
    case .adaptive(let adaptive):
      if let every = adaptive.everyEpochs { try require(every, in: 1...10_000, "\(place).sampler.everyEpochs") }
      try require(adaptive.plans, in: 1...100_000, "\(place).sampler.plans")
      try require(adaptive.minimumVisits, in: 1...100_000, "\(place).sampler.minimumVisits")
      if let flat = adaptive.flatEpochs { try require(flat, in: 0...(epochs / 2), "\(place).sampler.flatEpochs") }
      if recipe.data.searchFraction == 0 {
        throw RecipeError(
          "\(place).sampler.kind", "is adaptive, which evaluates plans: data.searchFraction must be above 0")
      }
    }
    if recipe.training.distillation == nil {
      throw RecipeError(
        place, "learns from its dense network: set training.distillation, as in {weight: 1, temperature: 1}")
    }
  }
}

extension Recipe.Sampler: Codable {
  enum Kind: String, RecipeChoice, Codable, CaseIterable { case uniform, stratified, window, adaptive }
  enum PlainKeys: String, CodingKey, CaseIterable { case kind }
  enum WindowKeys: String, CodingKey, CaseIterable {
    case kind, minimum, maximum, firstChance, lastChance, flatEpochs
  }
  enum AdaptiveKeys: String, CodingKey, CaseIterable { case kind, everyEpochs, plans, minimumVisits, flatEpochs }

  public init(from decoder: any Decoder) throws {
    let kind = try recipeKind(of: decoder, as: Kind.self)
    switch kind {
    case .uniform, .stratified:
      _ = try RecipeSection(decoder, keyedBy: PlainKeys.self)
      self = kind == .uniform ? .uniform : .stratified
    case .window:
      let section = try RecipeSection(decoder, keyedBy: WindowKeys.self)
      var window = Recipe.Window()
      try section.read(.minimum, into: &window.minimum)
      try section.read(.maximum, into: &window.maximum)
      try section.read(.firstChance, into: &window.firstChance)
      try section.read(.lastChance, into: &window.lastChance)
      try section.read(.flatEpochs, into: &window.flatEpochs)
      self = .window(window)
    case .adaptive:
      let section = try RecipeSection(decoder, keyedBy: AdaptiveKeys.self)
      var adaptive = Recipe.Adaptive()
      try section.read(.everyEpochs, into: &adaptive.everyEpochs)
      try section.read(.plans, into: &adaptive.plans)
      try section.read(.minimumVisits, into: &adaptive.minimumVisits)
      try section.read(.flatEpochs, into: &adaptive.flatEpochs)
      self = .adaptive(adaptive)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .uniform, .stratified:
      var section = encoder.container(keyedBy: PlainKeys.self)
      try section.encode(self == .uniform ? Kind.uniform : .stratified, forKey: .kind)
    case .window(let window):
      var section = encoder.container(keyedBy: WindowKeys.self)
      try section.encode(Kind.window, forKey: .kind)
      try section.encode(window.minimum, forKey: .minimum)
      try section.encode(window.maximum, forKey: .maximum)
      try section.encode(window.firstChance, forKey: .firstChance)
      try section.encode(window.lastChance, forKey: .lastChance)
      try section.encode(window.flatEpochs, forKey: .flatEpochs)
    case .adaptive(let adaptive):
      var section = encoder.container(keyedBy: AdaptiveKeys.self)
      try section.encode(Kind.adaptive, forKey: .kind)
      try section.encode(adaptive.everyEpochs, forKey: .everyEpochs)
      try section.encode(adaptive.plans, forKey: .plans)
      try section.encode(adaptive.minimumVisits, forKey: .minimumVisits)
      try section.encode(adaptive.flatEpochs, forKey: .flatEpochs)
    }
  }
}
