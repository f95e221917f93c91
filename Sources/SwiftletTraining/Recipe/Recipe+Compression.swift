extension Recipe {
  /// Pruning to N:M and the finetuning after it.
  public struct Compression: Hashable, Sendable {
    /// `2:4` keeps 2 of every 4 consecutive weights of a row.
    public var pattern = Pattern(kept: 2, group: 4)
    public var score = Score.magnitude
    /// Whether channels are first put in an order in which pruning keeps more.
    public var permute = false
    public var gradients = Gradients.masked
    /// Layers that stay dense, by dotted path.
    public var dense: [String] = []
    /// Epochs of finetuning, 0...10000; 0 prunes once and trains no further.
    public var epochs = 5
    /// The peak rate of finetuning; about a tenth of the dense one.
    public var learningRate = 2e-4
    /// Epochs of linear warm-up, 0...epochs; a recipe that does not say takes 0.5, or 0 without epochs.
    public var warmupEpochs = 0.5
    /// Learning from the dense network; nil trains on the labels.
    public var distillation: Distillation? = Distillation()

    public init() {}
  }

  /// How many of every `group` weights stay; written `2:4`.
  public struct Pattern: Hashable, Sendable {
    public let kept, group: Int
  }

  /// How a weight's importance is judged.
  public enum Score: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
    case magnitude
    /// Weight times input, as published: block by block, each for what the masked blocks before it produce.
    case wanda
    /// The same with the inputs of the dense network everywhere.
    case wandaDense = "wanda-dense"
    /// Moves the weights that stay, too.
    case sparseGPT = "sparsegpt"
  }

  /// What a pruned weight learns while it is pruned.
  public enum Gradients: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
    case masked, ste
    case srSTE = "sr-ste"
  }
}

extension Recipe.Compression: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case pattern, score, permute, gradients, dense, epochs, learningRate, warmupEpochs, distillation
  }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.pattern, into: &pattern)
    try section.read(.score, into: &score)
    try section.read(.permute, into: &permute)
    try section.read(.gradients, into: &gradients)
    try section.read(.dense, into: &dense)
    try section.read(.epochs, into: &epochs)
    warmupEpochs = min(warmupEpochs, Double(max(0, epochs)))
    try section.read(.learningRate, into: &learningRate)
    try section.read(.warmupEpochs, into: &warmupEpochs)
    try section.read(.distillation, into: &distillation)
  }

  public func encode(to encoder: any Encoder) throws {
    var section = encoder.container(keyedBy: CodingKeys.self)
    try section.encode(pattern, forKey: .pattern)
    try section.encode(score, forKey: .score)
    try section.encode(permute, forKey: .permute)
    try section.encode(gradients, forKey: .gradients)
    try section.encode(dense, forKey: .dense)
    try section.encode(epochs, forKey: .epochs)
    try section.encode(learningRate, forKey: .learningRate)
    try section.encode(warmupEpochs, forKey: .warmupEpochs)
    try section.encode(distillation, forKey: .distillation)
  }

  func validate(at place: String) throws {
    try require(pattern.group, in: 1...64, "\(place).pattern (the group)")
    try require(pattern.kept, in: 1...pattern.group, "\(place).pattern (the kept weights)")
    try require(epochs, in: 0...10_000, "\(place).epochs")
    try require(learningRate, above: 0, upTo: 10, "\(place).learningRate")
    try require(warmupEpochs, in: 0...Double(epochs), "\(place).warmupEpochs")
    try distillation?.validate(at: "\(place).distillation")
  }
}

extension Recipe.Pattern: Codable, CustomStringConvertible {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let kept = numbers[0], let group = numbers[1] else {
      let place = decoder.codingPath.map(\.stringValue).joined(separator: ".")
      throw RecipeError(place, "is '\(text)', expected two numbers as in 2:4")
    }
    (self.kept, self.group) = (kept, group)
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(description)
  }

  public var description: String { "\(kept):\(group)" }
}
