import SwiftletCompression
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

extension Recipe.Search: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case levels, dense, precisions, method, measure, images, calibrationImages, seed
  }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.levels, into: &levels)
    try section.read(.dense, into: &dense)
    var names: [String]?
    try section.read(.precisions, into: &names)
    precisions = try names?.map { name in
      guard let precision = Precision(rawValue: name) else {
        throw RecipeError(
          "search.precisions",
          "names '\(name)', expected \(Precision.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return precision
    }
    var settings = MethodSettings(method)
    try section.read(.method, into: &settings)
    method = settings.method
    try section.read(.measure, into: &measure)
    try section.read(.images, into: &images)
    try section.read(.calibrationImages, into: &calibrationImages)
    try section.read(.seed, into: &seed)
  }

  public func encode(to encoder: any Encoder) throws {
    var section = encoder.container(keyedBy: CodingKeys.self)
    try section.encode(levels, forKey: .levels)
    try section.encode(dense, forKey: .dense)
    try section.encode(precisions, forKey: .precisions)
    try section.encode(MethodSettings(method), forKey: .method)
    try section.encode(measure, forKey: .measure)
    try section.encode(images, forKey: .images)
    try section.encode(calibrationImages, forKey: .calibrationImages)
    try section.encode(seed, forKey: .seed)
  }

  func validate(at place: String) throws {
    if let levels, levels.isEmpty { throw RecipeError("\(place).levels", "is empty, expected at least one level") }
    if let precisions, precisions.isEmpty {
      throw RecipeError("\(place).precisions", "is empty, expected at least one precision")
    }
    if let images { try require(images, in: 1...10_000_000, "\(place).images") }
    try require(calibrationImages, in: 1...1_000_000, "\(place).calibrationImages")
    switch method {
    case .random(let search): try require(search.count, in: 1...10_000_000, "\(place).method.count")
    case .greedy, .knapsack: break
    case .evolutionary(let search):
      try require(search.population, in: 1...1_000_000, "\(place).method.population")
      try require(search.parents, in: 1...search.population, "\(place).method.parents")
      try require(search.generations, in: 0...1_000_000, "\(place).method.generations")
      try require(search.mutants, in: 0...search.population, "\(place).method.mutants")
      try require(
        search.crossovers, in: 0...(search.population - search.mutants), "\(place).method.crossovers")
      if case .resample(let probability) = search.mutation {
        try require(probability, above: 0, upTo: 1, "\(place).method.mutation.probability")
      }
    }
  }
}

extension FitnessMeasure: RecipeChoice {}
extension GreedySearch.Start: RecipeChoice {}
extension SearchMethod.Kind: RecipeChoice {}

/// A ``SearchMethod`` as a recipe writes it: `{kind: evolutionary, population: 50}`.
private struct MethodSettings: Codable {
  enum MutationKind: String, RecipeChoice { case resample, swap }

  enum RandomKeys: String, CodingKey, CaseIterable { case kind, count }
  enum GreedyKeys: String, CodingKey, CaseIterable { case kind, start }
  enum KnapsackKeys: String, CodingKey, CaseIterable { case kind }
  enum EvolutionaryKeys: String, CodingKey, CaseIterable {
    case kind, population, parents, generations, mutants, crossovers, mutation, warmStart
  }

  var method: SearchMethod

  init(_ method: SearchMethod) { self.method = method }

  init(from decoder: any Decoder) throws {
    switch try recipeKind(of: decoder, usually: SearchMethod.Kind.evolutionary, keyedBy: EvolutionaryKeys.self) {
    case .random:
      var search = RandomSearch()
      let section = try RecipeSection(decoder, keyedBy: RandomKeys.self)
      try section.read(.count, into: &search.count)
      method = .random(search)
    case .greedy:
      var search = GreedySearch()
      let section = try RecipeSection(decoder, keyedBy: GreedyKeys.self)
      try section.read(.start, into: &search.start)
      method = .greedy(search)
    case .knapsack:
      _ = try RecipeSection(decoder, keyedBy: KnapsackKeys.self)
      method = .knapsack(KnapsackSearch())
    case .evolutionary:
      var search = EvolutionarySearch()
      let section = try RecipeSection(decoder, keyedBy: EvolutionaryKeys.self)
      try section.read(.population, into: &search.population)
      // What a recipe does not say fits the population that it says.
      search.parents = min(search.parents, max(1, search.population))
      search.mutants = min(search.mutants, max(0, search.population / 2))
      try section.read(.parents, into: &search.parents)
      try section.read(.generations, into: &search.generations)
      try section.read(.mutants, into: &search.mutants)
      search.crossovers = min(search.crossovers, max(0, search.population - search.mutants))
      try section.read(.crossovers, into: &search.crossovers)
      var mutation = MutationSettings(mutation: search.mutation)
      try section.read(.mutation, into: &mutation)
      search.mutation = mutation.mutation
      var starts: [String] = []
      try section.read(.warmStart, into: &starts)
      search.warmStart = try starts.map { name in
        guard let start = EvolutionarySearch.WarmStart(rawValue: name) else {
          let known = EvolutionarySearch.WarmStart.allCases.map(\.rawValue).joined(separator: ", ")
          throw RecipeError("search.method.warmStart", "names '\(name)', expected \(known)")
        }
        return start
      }
      method = .evolutionary(search)
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch method {
    case .random(let search):
      var section = encoder.container(keyedBy: RandomKeys.self)
      try section.encode(SearchMethod.Kind.random, forKey: .kind)
      try section.encode(search.count, forKey: .count)
    case .greedy(let search):
      var section = encoder.container(keyedBy: GreedyKeys.self)
      try section.encode(SearchMethod.Kind.greedy, forKey: .kind)
      try section.encode(search.start, forKey: .start)
    case .knapsack:
      var section = encoder.container(keyedBy: KnapsackKeys.self)
      try section.encode(SearchMethod.Kind.knapsack, forKey: .kind)
    case .evolutionary(let search):
      var section = encoder.container(keyedBy: EvolutionaryKeys.self)
      try section.encode(SearchMethod.Kind.evolutionary, forKey: .kind)
      try section.encode(search.population, forKey: .population)
      try section.encode(search.parents, forKey: .parents)
      try section.encode(search.generations, forKey: .generations)
      try section.encode(search.mutants, forKey: .mutants)
      try section.encode(search.crossovers, forKey: .crossovers)
      try section.encode(MutationSettings(mutation: search.mutation), forKey: .mutation)
      try section.encode(search.warmStart, forKey: .warmStart)
    }
  }

  /// `{kind: resample, probability: 0.2}` or `{kind: swap}`.
  struct MutationSettings: Codable {
    enum ResampleKeys: String, CodingKey, CaseIterable { case kind, probability }
    enum SwapKeys: String, CodingKey, CaseIterable { case kind }

    var mutation: EvolutionarySearch.Mutation

    init(mutation: EvolutionarySearch.Mutation) { self.mutation = mutation }

    init(from decoder: any Decoder) throws {
      switch try recipeKind(of: decoder, usually: MutationKind.resample, keyedBy: ResampleKeys.self) {
      case .resample:
        var probability = 0.2
        let section = try RecipeSection(decoder, keyedBy: ResampleKeys.self)
        try section.read(.probability, into: &probability)
        mutation = .resample(probability: probability)
      case .swap:
        _ = try RecipeSection(decoder, keyedBy: SwapKeys.self)
        mutation = .swap
      }
    }

    func encode(to encoder: any Encoder) throws {
      switch mutation {
      case .resample(let probability):
        var section = encoder.container(keyedBy: ResampleKeys.self)
        try section.encode(MutationKind.resample, forKey: .kind)
        try section.encode(probability, forKey: .probability)
      case .swap:
        var section = encoder.container(keyedBy: SwapKeys.self)
        try section.encode(MutationKind.swap, forKey: .kind)
      }
    }
  }
}
