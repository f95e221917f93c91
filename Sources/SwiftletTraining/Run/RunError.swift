import Foundation

/// Why a training run cannot start or go on.
public enum RunError: Error, CustomStringConvertible {
  /// The loss is NaN or infinite.
  case diverged(step: Int, loss: Double, learningRate: Double)
  case cannotWrite(URL, reason: String)
  case damaged(URL, problem: String)
  /// The output directory holds a run already, and it is not to be resumed.
  case runExists(URL)
  /// Another process writes into the folder, or the file.
  case inUse(URL)
  /// Memory ran out; `remedy` says what to make smaller.
  case outOfMemory(doing: String, detail: String, remedy: String)
  /// There is no checkpoint to resume from.
  case nothingToResume(URL)
  /// The run in the directory was made with another recipe.
  case otherRecipe(URL, key: String, was: String, now: String)
  case otherData(URL, was: String, now: String)
  /// The run in the directory began with other weights.
  case otherStart(URL, was: String, now: String)
  case wrongClassCount(data: Int, model: Int, source: String)
  case tooFewSamples(count: Int, samples: String, batchSize: Int, source: String)
  case missingTeacher
  /// The recipe trains a supernet, and no dense network was given.
  case missingDense
  /// A dense network was given, and the recipe trains no supernet.
  case noSupernet
  /// The network of the checkpoint is not the recipe's.
  case otherModel(checkpoint: String, recipe: String)
  /// Training is to begin with weights for other classes.
  case otherHead(URL, classes: Int, recipe: Int)
  /// A supernet was given other weights than its dense network's.
  case startOfSupernet
  /// Weights that no run wrote, with nothing that says what network they are of.
  case noRecipe(URL)
  /// The file holds the soft targets of another teacher, data set, augmentation or seed.
  case otherTargets(URL, was: String, now: String)
  /// An augmented image is not the one that the teacher saw.
  case otherAugmentation(URL, image: Int)
  /// A text to train on, to calibrate on or to judge by that cannot be read.
  case unreadableText(URL, reason: String)
  /// Stopped by a signal after writing a checkpoint.
  case interrupted(signal: Int32, checkpoint: URL)

  public var description: String {
    switch self {
    case .diverged(let step, let loss, let rate):
      "the loss is \(loss) at step \(step) with learning rate \(rate); lower training.learningRate or set training.clipNorm"
    case .cannotWrite(let file, let reason):
      "\(file.path) cannot be written: \(reason)"
    case .damaged(let file, let problem):
      "\(file.path) is damaged: \(problem)"
    case .runExists(let directory):
      "\(directory.path) holds a run already; continue it with --resume or choose another --out"
    case .inUse(let place):
      "\(place.path) is being written by another run: wait for it, or choose another --out"
    case .outOfMemory(let doing, let detail, let remedy):
      "memory ran out while \(doing): \(remedy) (\(detail))"
    case .nothingToResume(let directory):
      "\(directory.path) holds no checkpoint to resume from; start without --resume"
    case .otherRecipe(let directory, let key, let was, let now):
      "the run in \(directory.path) was started with \(key) = \(was), the recipe now says \(now); use the same or another --out"
    case .otherData(let directory, let was, let now):
      "the run in \(directory.path) was started on \(was), the data now is \(now)"
    case .otherStart(let directory, let was, let now):
      "the run in \(directory.path) began with \(was), it is now given \(now); use the same or another --out"
    case .wrongClassCount(let data, let model, let source):
      "\(source) has \(data) classes, the recipe's model has \(model); set the model's classes to \(data)"
    case .tooFewSamples(let count, let samples, let batchSize, let source):
      "\(source) has \(count) training \(samples), a batch takes \(batchSize); lower training.batchSize"
    case .missingTeacher:
      "the recipe asks for distillation but the run has no teacher"
    case .missingDense:
      "the recipe trains a supernet, which starts from a dense network and learns from it: give it with --checkpoint"
    case .noSupernet:
      "--checkpoint is the dense network that a supernet starts from, and the recipe has no supernet section: "
        + "begin with its weights by --start, or finetune with swiftlet compress --finetune"
    case .otherModel(let checkpoint, let recipe):
      "the recipe's model is \(recipe), the checkpoint holds \(checkpoint): take its own recipe, or start from a checkpoint of the same model"
    case .otherHead(let file, let classes, let recipe):
      "\(file.path) has a head for \(classes) classes, the recipe's model has \(recipe): set model.newHead to true, and a head "
        + "for the \(recipe) starts anew"
    case .startOfSupernet:
      "the recipe trains a supernet, which starts from its dense network: give that with --checkpoint in place of --start"
    case .noRecipe(let file):
      "\(file.path) holds weights that carry no recipe: say with --recipe what network they are, or put the config.json "
        + "of timm or Hugging Face beside them"
    case .otherTargets(let file, let was, let now):
      "\(file.path) holds a teacher's targets for \(was), this run needs \(now): choose another distillation.stored.directory"
    case .otherAugmentation(let file, let image):
      "image \(image) was augmented to something else than the teacher of \(file.path) saw: remove the file to make it anew"
    case .unreadableText(let file, let reason):
      "\(file.path) cannot be used as a text: \(reason)"
    case .interrupted(let signal, let checkpoint):
      "stopped by \(Self.name(of: signal)); continue with --resume from \(checkpoint.path)"
    }
  }

  /// What sent a signal, in words.
  public static func name(of signal: Int32) -> String {
    switch signal {
    case SIGINT: "Ctrl-C"
    case SIGHUP: "the closed terminal"
    default: "signal \(signal)"
    }
  }
}
