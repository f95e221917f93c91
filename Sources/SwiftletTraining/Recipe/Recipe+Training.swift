extension Recipe {
  /// How the weights are learned.
  public struct Training: Hashable, Sendable {
    /// Passes over the training split, 1...10000.
    public var epochs = 30
    /// Images a step, 1...65536; the last, smaller batch of an epoch is left out.
    public var batchSize = 128
    /// The rate at the end of the warm-up, above 0 and at most 10.
    public var learningRate = 1e-3
    /// Decoupled (AdamW) or added to the gradient (SGD), 0...1; not for biases, norms, positions and the class token.
    public var weightDecay = 0.05
    public var optimizer = Optimizer.adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
    public var schedule = Schedule.cosine(final: 0.01)
    /// Epochs of linear warm-up, 0...epochs; fractions are allowed.
    public var warmupEpochs = 1.0
    /// Gradients are scaled down to this joint 2-norm; nil leaves them alone.
    public var clipNorm: Double?
    /// The decay a step of a moving average of the weights, above 0 and below 1, which the first steps rise to; nil keeps
    /// none.
    public var averageDecay: Double?
    /// The share of a target spread over all classes, 0..<1.
    public var labelSmoothing = 0.0
    /// The Beta parameter of mixup, 0 is off.
    public var mixup = 0.0
    /// The Beta parameter of CutMix, 0 is off.
    public var cutmix = 0.0
    /// Learning from a dense teacher, where the run is given one.
    public var distillation: Distillation?
    public var precision = Arithmetic.fp32
    /// `cpu` or `cuda:0`.
    public var device = "cpu"
    /// Of the arithmetic, 1...1024, but no more than there are processors for the process; nil takes them all.
    public var threads: Int?
    /// Threads that decode and augment, 1...256, but no more than there are processors. They never change a result.
    public var workers = 1
    /// Decides the initial weights, the order of the data and every random number.
    public var seed = 0
    /// A metrics line every so many steps.
    public var logEverySteps = 50
    /// A checkpoint at least every so many minutes, and after every epoch.
    public var checkpointMinutes = 5.0

    public init() {}
  }

  public enum Optimizer: Hashable, Sendable {
    case adamW(beta1: Double, beta2: Double, epsilon: Double)
    case sgd(momentum: Double, nesterov: Bool)
  }

  /// What follows the warm-up.
  public enum Schedule: Hashable, Sendable {
    case constant
    /// Half a cosine down to `final` of the peak.
    case cosine(final: Double)
    /// Times `factor` after every `epochs` epochs.
    case step(epochs: Int, factor: Double)
  }

  /// The loss is `weight * teacher's soft targets + (1 - weight) * labels`.
  public struct Distillation: Hashable, Sendable {
    /// 0...1; at 1 the labels are not used. Source: ELSA's recipe.
    public var weight = 1.0
    /// Softens both sides, above 0 and at most 100.
    public var temperature = 1.0
    /// Where the soft targets are kept; nil runs the teacher on every batch.
    public var stored: StoredTargets?

    public init(weight: Double = 1, temperature: Double = 1, stored: StoredTargets? = nil) {
      (self.weight, self.temperature, self.stored) = (weight, temperature, stored)
    }
  }

  /// Soft targets on disk: the teacher runs once over the augmented images of each epoch, and later runs with the same
  /// teacher, data, augmentation and seed read what it said.
  public struct StoredTargets: Hashable, Sendable {
    /// The folder of the files, one an epoch.
    public var directory: String
    /// How many of the most probable classes are kept of each image, 1...32767; the rest share what is left.
    public var classes = 100

    public init(directory: String, classes: Int = 100) {
      (self.directory, self.classes) = (directory, classes)
    }
  }
}

extension Recipe.Training: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case epochs, batchSize, learningRate, weightDecay, optimizer, schedule, warmupEpochs, clipNorm, averageDecay
    case labelSmoothing, mixup, cutmix, distillation, precision, device, threads, workers, seed, logEverySteps
    case checkpointMinutes
  }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.epochs, into: &epochs)
    try section.read(.batchSize, into: &batchSize)
    try section.read(.learningRate, into: &learningRate)
    try section.read(.weightDecay, into: &weightDecay)
    try section.read(.optimizer, into: &optimizer)
    try section.read(.schedule, into: &schedule)
    try section.read(.warmupEpochs, into: &warmupEpochs)
    try section.read(.clipNorm, into: &clipNorm)
    try section.read(.averageDecay, into: &averageDecay)
    try section.read(.labelSmoothing, into: &labelSmoothing)
    try section.read(.mixup, into: &mixup)
    try section.read(.cutmix, into: &cutmix)
    try section.read(.distillation, into: &distillation)
    try section.read(.precision, into: &precision)
    try section.read(.device, into: &device)
    try section.read(.threads, into: &threads)
    try section.read(.workers, into: &workers)
    try section.read(.seed, into: &seed)
    try section.read(.logEverySteps, into: &logEverySteps)
    try section.read(.checkpointMinutes, into: &checkpointMinutes)
  }

  func validate(at place: String) throws {
    try require(epochs, in: 1...10_000, "\(place).epochs")
    try require(batchSize, in: 1...65_536, "\(place).batchSize")
    try require(learningRate, above: 0, upTo: 10, "\(place).learningRate")
    try require(weightDecay, in: 0...1, "\(place).weightDecay")
    try optimizer.validate(at: "\(place).optimizer")
    try schedule.validate(at: "\(place).schedule")
    try require(warmupEpochs, in: 0...Double(epochs), "\(place).warmupEpochs")
    if let clipNorm { try require(clipNorm, above: 0, upTo: 1e6, "\(place).clipNorm") }
    if let averageDecay { try require(averageDecay, above: 0, below: 1, "\(place).averageDecay") }
    try require(labelSmoothing, from: 0, below: 1, "\(place).labelSmoothing")
    try require(mixup, in: 0...100, "\(place).mixup")
    try require(cutmix, in: 0...100, "\(place).cutmix")
    try distillation?.validate(at: "\(place).distillation")
    if let threads { try require(threads, in: 1...1024, "\(place).threads") }
    try require(workers, in: 1...256, "\(place).workers")
    try require(seed, in: 0...Int.max, "\(place).seed")
    try require(logEverySteps, in: 1...1_000_000, "\(place).logEverySteps")
    try require(checkpointMinutes, above: 0, upTo: 10_000, "\(place).checkpointMinutes")
  }
}

extension Recipe.Optimizer: Codable {
  enum Kind: String, RecipeChoice, Codable, CaseIterable { case adamw, sgd }
  enum AdamWKeys: String, CodingKey, CaseIterable { case kind, beta1, beta2, epsilon }
  enum SGDKeys: String, CodingKey, CaseIterable { case kind, momentum, nesterov }

  public init(from decoder: any Decoder) throws {
    switch try recipeKind(of: decoder, usually: Kind.adamw, keyedBy: AdamWKeys.self) {
    case .adamw:
      let section = try RecipeSection(decoder, keyedBy: AdamWKeys.self)
      var (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8)
      try section.read(.beta1, into: &beta1)
      try section.read(.beta2, into: &beta2)
      try section.read(.epsilon, into: &epsilon)
      self = .adamW(beta1: beta1, beta2: beta2, epsilon: epsilon)
    case .sgd:
      let section = try RecipeSection(decoder, keyedBy: SGDKeys.self)
      var (momentum, nesterov) = (0.9, false)
      try section.read(.momentum, into: &momentum)
      try section.read(.nesterov, into: &nesterov)
      self = .sgd(momentum: momentum, nesterov: nesterov)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .adamW(let beta1, let beta2, let epsilon):
      var section = encoder.container(keyedBy: AdamWKeys.self)
      try section.encode(Kind.adamw, forKey: .kind)
      try section.encode(beta1, forKey: .beta1)
      try section.encode(beta2, forKey: .beta2)
      try section.encode(epsilon, forKey: .epsilon)
    case .sgd(let momentum, let nesterov):
      var section = encoder.container(keyedBy: SGDKeys.self)
      try section.encode(Kind.sgd, forKey: .kind)
      try section.encode(momentum, forKey: .momentum)
      try section.encode(nesterov, forKey: .nesterov)
    }
  }

  func validate(at place: String) throws {
    switch self {
    case .adamW(let beta1, let beta2, let epsilon):
      try require(beta1, from: 0, below: 1, "\(place).beta1")
      try require(beta2, from: 0, below: 1, "\(place).beta2")
      try require(epsilon, above: 0, upTo: 1, "\(place).epsilon")
    case .sgd(let momentum, let nesterov):
      try require(momentum, from: 0, below: 1, "\(place).momentum")
      if nesterov && momentum == 0 { throw RecipeError("\(place).nesterov", "needs a momentum above 0") }
    }
  }
}

extension Recipe.Schedule: Codable {
  enum Kind: String, RecipeChoice, Codable, CaseIterable { case constant, cosine, step }
  enum ConstantKeys: String, CodingKey, CaseIterable { case kind }
  enum CosineKeys: String, CodingKey, CaseIterable { case kind, final }
  enum StepKeys: String, CodingKey, CaseIterable { case kind, epochs, factor }

  public init(from decoder: any Decoder) throws {
    switch try recipeKind(of: decoder, usually: Kind.cosine, keyedBy: CosineKeys.self) {
    case .constant:
      _ = try RecipeSection(decoder, keyedBy: ConstantKeys.self)
      self = .constant
    case .cosine:
      var final = 0.01
      try RecipeSection(decoder, keyedBy: CosineKeys.self).read(.final, into: &final)
      self = .cosine(final: final)
    case .step:
      let section = try RecipeSection(decoder, keyedBy: StepKeys.self)
      var factor = 0.1
      try section.read(.factor, into: &factor)
      self = .step(epochs: try section.required(.epochs), factor: factor)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .constant:
      var section = encoder.container(keyedBy: ConstantKeys.self)
      try section.encode(Kind.constant, forKey: .kind)
    case .cosine(let final):
      var section = encoder.container(keyedBy: CosineKeys.self)
      try section.encode(Kind.cosine, forKey: .kind)
      try section.encode(final, forKey: .final)
    case .step(let epochs, let factor):
      var section = encoder.container(keyedBy: StepKeys.self)
      try section.encode(Kind.step, forKey: .kind)
      try section.encode(epochs, forKey: .epochs)
      try section.encode(factor, forKey: .factor)
    }
  }

  func validate(at place: String) throws {
    switch self {
    case .constant: break
    case .cosine(let final): try require(final, in: 0...1, "\(place).final")
    case .step(let epochs, let factor):
      try require(epochs, in: 1...10_000, "\(place).epochs")
      try require(factor, above: 0, upTo: 1, "\(place).factor")
    }
  }
}

extension Recipe.Distillation: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case weight, temperature, stored }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.weight, into: &weight)
    try section.read(.temperature, into: &temperature)
    try section.read(.stored, into: &stored)
  }

  func validate(at place: String) throws {
    try require(weight, in: 0...1, "\(place).weight")
    try require(temperature, above: 0, upTo: 100, "\(place).temperature")
    if let stored { try require(stored.classes, in: 1...32_767, "\(place).stored.classes") }
  }
}

extension Recipe.StoredTargets: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case directory, classes }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    directory = try section.required(.directory)
    try section.read(.classes, into: &classes)
  }
}
