import SwiftletFiles

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

extension Recipe.Training: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("epochs", \.epochs, .in(1...10_000))
    Key("batchSize", \.batchSize, .in(1...65_536))
    Key("learningRate", \.learningRate, .above(0, upTo: 10))
    Key("weightDecay", \.weightDecay, .in(0...1))
    Key("optimizer", \.optimizer)
    Key("schedule", \.schedule)
    Key("warmupEpochs", \.warmupEpochs) { .in(0...Double($0.epochs)) }
    Key("clipNorm", \.clipNorm, .above(0, upTo: 1e6))
    Key("averageDecay", \.averageDecay, .above(0, below: 1))
    Key("labelSmoothing", \.labelSmoothing, .from(0, below: 1))
    Key("mixup", \.mixup, .in(0...100))
    Key("cutmix", \.cutmix, .in(0...100))
    Key("distillation", \.distillation)
    Key("precision", \.precision)
    Key("device", \.device)
    Key("threads", \.threads, .in(1...1024))
    Key("workers", \.workers, .in(1...256))
    Key("seed", \.seed, .in(0...Int.max))
    Key("logEverySteps", \.logEverySteps, .in(1...1_000_000))
    Key("checkpointMinutes", \.checkpointMinutes, .above(0, upTo: 10_000))
  }
}

extension Recipe.Optimizer: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("adamw", (beta1: 0.9, beta2: 0.999, epsilon: 1e-8), isUsual: true) {
      RecipeKey("beta1", \.beta1, .from(0, below: 1))
      RecipeKey("beta2", \.beta2, .from(0, below: 1))
      RecipeKey("epsilon", \.epsilon, .above(0, upTo: 1))
    } make: {
      .adamW(beta1: $0.beta1, beta2: $0.beta2, epsilon: $0.epsilon)
    } settings: {
      if case .adamW(let beta1, let beta2, let epsilon) = $0 { (beta1, beta2, epsilon) } else { nil }
    }
    Alternative("sgd", (momentum: 0.9, nesterov: false)) {
      RecipeKey("momentum", \.momentum, .from(0, below: 1))
      RecipeKey("nesterov", \.nesterov).checked { settings, place in
        if settings.nesterov && settings.momentum == 0 { throw RecipeError(place, "needs a momentum above 0") }
      }
    } make: {
      .sgd(momentum: $0.momentum, nesterov: $0.nesterov)
    } settings: {
      if case .sgd(let momentum, let nesterov) = $0 { (momentum, nesterov) } else { nil }
    }
  }
}

extension Recipe.Schedule: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("constant", .constant)
    Alternative("cosine", 0.01, isUsual: true) {
      RecipeKey("final", \.self, .in(0...1))
    } make: {
      .cosine(final: $0)
    } settings: {
      if case .cosine(let final) = $0 { final } else { nil }
    }
    Alternative("step", (epochs: 0, factor: 0.1)) {
      RecipeKey("epochs", \.epochs, .in(1...10_000)).required()
      RecipeKey("factor", \.factor, .above(0, upTo: 1))
    } make: {
      .step(epochs: $0.epochs, factor: $0.factor)
    } settings: {
      if case .step(let epochs, let factor) = $0 { (epochs, factor) } else { nil }
    }
  }
}

extension Recipe.Distillation: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("weight", \.weight, .in(0...1))
    Key("temperature", \.temperature, .above(0, upTo: 100))
    Key("stored", \.stored)
  }
}

extension Recipe.StoredTargets: RecipeSection {
  public static var defaults: Self { Self(directory: "") }
  public static var keys: [RecipeKey<Self>] {
    Key("directory", \.directory).required()
    Key("classes", \.classes, .in(1...32_767))
  }
}
