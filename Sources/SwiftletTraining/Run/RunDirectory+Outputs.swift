import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletPlans

extension RunDirectory {
  /// What a run writes here, to be checked before it begins.
  ///
  /// A resumed run goes on in its own files. A new one replaces at most the recipe and the metrics of a run that ended
  /// before its first checkpoint: never weights, and never a recipe that somebody wrote.
  public func outputs(resuming: Bool) -> [PlannedOutput] {
    [
      PlannedOutput(recipe.path, kind: "the resolved recipe of a run") { resuming || Self.isResolvedRecipe(at: $0) },
      PlannedOutput(metrics.path, kind: "the metrics of a run", replacing: Self.isMetrics(at:)),
      PlannedOutput(checkpoint.path, kind: "the checkpoint of this run") { _ in resuming },
      PlannedOutput(model.path, kind: "the network of this run") { _ in resuming },
    ]
  }

  /// The same where a whole earlier run may be replaced, as by a demo.
  public var outputsReplacingRun: [PlannedOutput] {
    [
      PlannedOutput(recipe.path, kind: "the resolved recipe of a run", replacing: Self.isResolvedRecipe(at:)),
      PlannedOutput(metrics.path, kind: "the metrics of a run", replacing: Self.isMetrics(at:)),
      PlannedOutput(checkpoint.path, kind: "the checkpoint of a run") { Self.metadata("swiftlet.position", in: $0) },
      PlannedOutput(model.path, kind: "the network of a run") { Self.metadata("swiftlet.classes", in: $0) },
    ]
  }

  /// Removes a run's files; what else lies in the folder stays.
  public func removeRun() throws {
    let manager = FileManager.default
    do {
      for file in [recipe, metrics, checkpoint, model] where manager.fileExists(atPath: file.path) {
        try manager.removeItem(at: file)
      }
    } catch {
      throw RunError.cannotWrite(url, reason: reason(of: error))
    }
  }

  static func isResolvedRecipe(at path: String) -> Bool {
    (try? RecipeText(contentsOf: URL(filePath: path))).map(TrainingTasks.isResolved) ?? false
  }

  static func isMetrics(at path: String) -> Bool { (try? MetricsLog.read(URL(filePath: path))) != nil }

  private static func metadata(_ key: String, in path: String) -> Bool {
    (try? Checkpoint.read(from: URL(filePath: path)))?.metadata[key] != nil
  }
}
