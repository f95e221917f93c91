import SwiftletFiles
import SwiftletNN
import SwiftletTensor

/// How weights are learned, whatever they are learned for.
public struct TrainingSettings: Hashable, Sendable {
  /// Passes over the training split, 1...10000.
  public var epochs = 30
  /// Steps at which an epoch ends though samples are left, which the next ones, in another order, may take; 1...1000000.
  /// Nil passes over the whole split.
  public var stepsPerEpoch: Int?
  /// Samples a step, 1...65536; the last, smaller batch of an epoch is left out.
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
  /// The decay a step of a moving average of weights and running statistics, above 0 and below 1; nil keeps none.
  ///
  /// It rises to this as `(1 + step) / (10 + step)`, so that the average lies within what the steps so far saw, however
  /// few they are. What is evaluated and written at the end is the average.
  public var averageDecay: Double?
  /// Which epoch's network is written.
  public var keep = Keep.last
  /// Ends the run after so many epochs in a row, 1...10000, in which the task's ranking metric got no better; nil never.
  public var patience: Int?
  public var precision = Recipe.Arithmetic.fp32
  /// `cpu` or `cuda:0`.
  public var device = "cpu"
  /// Of the arithmetic, 1...1024, but no more than there are processors for the process; nil takes them all.
  public var threads: Int?
  /// Threads that make batches, 1...256, but no more than there are processors. They never change a result.
  public var workers = 1
  /// Decides the initial weights, the order of the data and every random number.
  public var seed = 0
  /// A metrics line every so many steps.
  public var logEverySteps = 50
  /// A checkpoint at least every so many minutes, and after every epoch.
  public var checkpointMinutes = 5.0

  public init() {}

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

  /// Which epoch's network a run leaves.
  public enum Keep: String, FileWord, Hashable, Sendable, CaseIterable {
    case last
    /// The one that the task's ranking metric prefers; the first of equals.
    case best
  }
}

extension TrainingSettings: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    learningKeys
    machineKeys
  }

  /// What decides the weights.
  @RecipeKeyList<Self> static var learningKeys: [RecipeKey<Self>] {
    Key("epochs", \.epochs, .in(1...10_000))
    Key("stepsPerEpoch", \.stepsPerEpoch, .in(1...1_000_000))
    Key("batchSize", \.batchSize, .in(1...65_536))
    Key("learningRate", \.learningRate, .above(0, upTo: 10))
    Key("weightDecay", \.weightDecay, .in(0...1))
    Key("optimizer", \.optimizer)
    Key("schedule", \.schedule)
    Key("warmupEpochs", \.warmupEpochs) { .in(0...Double($0.epochs)) }
    Key("clipNorm", \.clipNorm, .above(0, upTo: 1e6))
    Key("averageDecay", \.averageDecay, .above(0, below: 1))
    Key("keep", \.keep).written { $0.keep != .last }
    Key("patience", \.patience, .in(1...10_000))
  }

  /// What they are learned on.
  @RecipeKeyList<Self> static var machineKeys: [RecipeKey<Self>] {
    Key("precision", \.precision)
    Key("device", \.device)
    Key("threads", \.threads, .in(1...1024))
    Key("workers", \.workers, .in(1...256))
    Key("seed", \.seed, .in(0...Int.max))
    Key("logEverySteps", \.logEverySteps, .in(1...1_000_000))
    Key("checkpointMinutes", \.checkpointMinutes, .above(0, upTo: 10_000))
  }
}

extension TrainingSettings.Optimizer: RecipeAlternatives {
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

extension TrainingSettings.Schedule: RecipeAlternatives {
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

extension TrainingSettings {
  /// ``workers``, where there are as many processors.
  public var usableWorkers: Int { max(1, min(workers, AvailableProcessors.count)) }

  func schedule(stepsPerEpoch: Int) -> LearningRateSchedule {
    let curve: LearningRateSchedule.Curve =
      switch schedule {
      case .constant: .constant
      case .cosine(let final): .cosine(final: final)
      case .step(let epochs, let factor): .step(every: epochs * stepsPerEpoch, factor: factor)
      }
    let totalSteps = epochs * stepsPerEpoch
    return LearningRateSchedule(
      peak: learningRate, warmupSteps: min(totalSteps, Int((warmupEpochs * Double(stepsPerEpoch)).rounded())),
      totalSteps: totalSteps, curve: curve)
  }

  func optimizer(over parameters: [(name: String, tensor: Tensor)]) -> any SwiftletNN.Optimizer {
    let groups = ParameterGroup.decaying(parameters, weightDecay: weightDecay)
    return switch optimizer {
    case .adamW(let beta1, let beta2, let epsilon): AdamW(groups, beta1: beta1, beta2: beta2, epsilon: epsilon)
    case .sgd(let momentum, let nesterov): SGD(groups, momentum: momentum, nesterov: nesterov)
    }
  }
}
