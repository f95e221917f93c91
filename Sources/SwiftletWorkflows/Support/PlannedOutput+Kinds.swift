import Foundation
import SwiftletFiles
import SwiftletPlans
import SwiftletReport
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining

/// What the commands write, each with how an older result of its kind is told from anything else.
extension PlannedOutput {
  public static func modelFile(_ path: String) -> PlannedOutput {
    PlannedOutput(path.absolutePath, kind: "a model file") { ModelFile.isModelFile(at: URL(filePath: $0)) }
  }

  public static func plan(_ path: String) -> PlannedOutput {
    PlannedOutput(path.absolutePath, kind: "a plan") { CompressionPlan.isPlan(at: URL(filePath: $0)) }
  }

  public static func report(_ path: String) -> PlannedOutput {
    PlannedOutput(path.absolutePath, kind: "a report", replacing: Report.isReport(at:))
  }

  public static func comparedSettings(_ path: String) -> PlannedOutput {
    PlannedOutput(path.absolutePath, kind: "a file of compared settings", replacing: KeyValueResults.isResults(at:))
  }

  /// Measured times; an accelerator that somebody described is none.
  public static func calibration(_ path: String) -> PlannedOutput {
    PlannedOutput(path.absolutePath, kind: "an accelerator that was measured") { path in
      guard let accelerator = try? Accelerator(contentsOf: URL(filePath: path)) else { return false }
      if case .measured = accelerator.cost { return true }
      return false
    }
  }
}

extension String {
  /// The path as everything that writes sees it.
  fileprivate var absolutePath: String { URL(filePath: self).path }
}

/// Checks files that a command will write, then makes the folders that they lie in.
public func prepareOutputs(_ outputs: [PlannedOutput], reading inputs: [String?]) throws {
  try checkOutputs(outputs, reading: inputs.compactMap { $0.map { URL(filePath: $0).path } })
  for output in outputs { try makeFolder(URL(filePath: output.path).deletingLastPathComponent()) }
}

/// Checks the folder of a run, and the files that it will write there.
///
/// - Parameters:
///   - trains: whether a training writes its files, or only the network is written.
///   - others: what is written beside them.
public func checkRunOutputs(
  _ folder: URL, resuming: Bool, reading inputs: [String?], trains: Bool = true, beside others: [PlannedOutput] = []
) throws {
  let run = RunDirectory(folder)
  try checkOutputFolder(folder.path)
  // Whoever forgot --resume is told of it.
  if trains, !resuming, FileManager.default.fileExists(atPath: run.checkpoint.path) { throw RunError.runExists(folder) }
  let files = run.outputs(resuming: resuming).filter { trains || $0.path == run.model.path }
  // A resumed run may be told by the recipe that it wrote itself.
  let inputs = inputs.compactMap { $0.map { URL(filePath: $0).path } }.filter {
    !resuming || $0 != run.recipe.path
  }
  try checkOutputs(files + others, reading: inputs)
}

/// Makes a folder for results, and those that it lies in.
public func makeFolder(_ folder: URL) throws {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    throw RunError.cannotWrite(folder, reason: reason(of: error))
  }
}
