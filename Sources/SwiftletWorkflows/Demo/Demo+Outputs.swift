import Foundation
import SwiftletFiles
import SwiftletRuntime
import SwiftletTraining

extension Demo {
  /// An exported model.
  static func file(in directory: URL, _ pattern: SparsityPattern, _ precision: Precision) -> URL {
    directory.appending(path: "\(pattern.folderName)-\(precision.rawValue).swiftlet")
  }

  static func results(in directory: URL) -> URL { directory.appending(path: "results.json") }
  static func page(in directory: URL) -> URL { directory.appending(path: "report.html") }

  /// Refuses a folder where something else than an earlier demo's results would be replaced.
  static func checkOutputs(in directory: URL) throws {
    try checkOutputFolder(directory.path)
    let runs = patterns.flatMap { pattern in
      let folder = RunDirectory(directory.appending(path: pattern.folderName))
      let models = precisions.map { PlannedOutput.modelFile(file(in: directory, pattern, $0).path) }
      return folder.outputsReplacingRun + models
    }
    let results = PlannedOutput(results(in: directory).path, kind: "the results of a demo", replacing: isResults(at:))
    try SwiftletFiles.checkOutputs(runs + [results, .report(page(in: directory).path)], reading: [])
  }

  /// Whether a file is a list of what demos measure, in whatever version.
  private static func isResults(at path: String) -> Bool {
    struct Name: Decodable { let pattern, precision: String }
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { return false }
    return (try? StrictJSON.decode([Name].self, from: data)) != nil
  }
}
