import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletNN
import SwiftletTensor

/// Everything a run needs to go on as if it had never stopped, in one safetensors file.
///
/// Tensors are named `model.…`, `optimizer.…`, `average.…` and `random`; the metadata holds `Position` and the recipe.
struct TrainingCheckpoint<Recipe: TaskRecipe> {
  /// Where the run stands, in numbers that survive exactly.
  struct Position: Codable, Hashable {
    /// Optimiser steps taken.
    var step = 0
    /// Whole epochs completed, and batches taken of the one under way.
    var epoch = 0
    var batch = 0
    /// Sums of the loss since the last line of metrics, and since the epoch began.
    var logged = LossSum()
    var epochLoss = LossSum()
    /// Of each loss since the last line, where a step has several.
    var parts: [String: LossSum]?
    /// The best value so far of the metric that ranks networks, where the best one is kept or waited for.
    var best: Double?
    /// Epochs since then, where the run ends after some.
    var epochsSinceBest: Int?
    /// Seconds of training in all sessions.
    var seconds = 0.0

    /// Adds the losses of a step; one that moved nothing adds none.
    ///
    /// - Parameter inParts: whether the task has several losses.
    mutating func add(_ losses: [(name: String, value: Double)], inParts: Bool) {
      if losses.isEmpty { return }
      let sum = losses.reduce(0) { $0 + $1.value }
      logged.add(sum)
      epochLoss.add(sum)
      if inParts {
        var sums = parts ?? [:]
        for loss in losses { sums[loss.name, default: LossSum()].add(loss.value) }
        parts = sums
      }
    }

    var loggedParts: [String: Double]? { parts?.mapValues(\.mean) }

    mutating func forgetLogged() { (logged, parts) = (LossSum(), nil) }
  }

  struct LossSum: Codable, Hashable {
    var total = 0.0
    var steps = 0
    var mean: Double { steps == 0 ? .nan : total / Double(steps) }
    mutating func add(_ loss: Double) { (total, steps) = (total + loss, steps + 1) }
  }

  var position: Position
  /// The resolved recipe, and what identifies the data.
  var recipe: Recipe
  var data: String
  /// What identifies the weights that the run began with; nil where they were random.
  var start: String?
  var model, optimizer, average: StateDictionary
  /// The state of the generator of dropout and drop path.
  var random: [UInt8]
  /// What the task keeps besides, such as what the sampler of a supernet has learned.
  var taskState: String?

  /// Replaces `file` by this checkpoint; if that fails, the old file stays as it was.
  func write(to file: URL) throws {
    var state = StateDictionary()
    for (prefix, part) in [("model.", model), ("optimizer.", optimizer), ("average.", average)] {
      state.add(part, prefix: prefix)
    }
    state["random"] = Tensor(random, shape: [random.count])
    do {
      state.metadata = [
        "swiftlet.position": try Self.text(position), "swiftlet.recipe": try recipe.yaml(), "swiftlet.data": data,
      ]
      state.metadata["swiftlet.start"] = start
      state.metadata["swiftlet.sampler"] = taskState
      try Checkpoint.write(state, to: file, format: .safetensors)
    } catch let error as CheckpointError {
      throw error  // Says all that is to say.
    } catch {
      throw RunError.cannotWrite(file, reason: "\(error)")
    }
  }

  static func read(from file: URL) throws -> TrainingCheckpoint {
    let state = try Checkpoint.read(from: file)
    func metadata(_ key: String) throws -> String {
      guard let text = state.metadata[key] else {
        throw RunError.damaged(file, problem: "it lacks \(key), so it is no checkpoint of a run")
      }
      return text
    }
    let position: Position
    do {
      position = try StrictJSON.decode(Position.self, from: metadata("swiftlet.position").utf8)
    } catch let error where error is DecodingError || error is JSONSyntaxError {
      throw RunError.damaged(file, problem: "its position cannot be read")
    }
    guard let random = state["random"] else { throw RunError.damaged(file, problem: "it lacks the random state") }
    return TrainingCheckpoint(
      position: position, recipe: try Recipe.parse(metadata("swiftlet.recipe"), source: file.path),
      data: try metadata("swiftlet.data"), start: state.metadata["swiftlet.start"], model: state.part("model."),
      optimizer: state.part("optimizer."), average: state.part("average."), random: random.scalars(as: UInt8.self),
      taskState: state.metadata["swiftlet.sampler"])
  }

  private static func text(_ position: Position) throws -> String {
    String(decoding: try StrictJSON.encode(position), as: UTF8.self)
  }
}
