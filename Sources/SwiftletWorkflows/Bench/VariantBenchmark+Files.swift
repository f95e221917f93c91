import Foundation
import SwiftletCompression
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

extension VariantBenchmark {
  /// Writes a network with random weights in every pattern and precision, as `deit-small-int8-2of4.swiftlet`: for
  /// benchmarks that run files in programs of their own.
  ///
  /// - Returns: the files, precision by precision.
  /// - Throws: what ``init(of:patterns:plans:precisions:)`` does.
  public static func write(
    _ configuration: ClassifierConfiguration, named name: String, patterns: [SparsityPattern],
    precisions: [Precision], to folder: URL
  ) throws -> [URL] {
    let dense = try configuration.randomNetwork()
    return try precisions.flatMap { precision in
      try patterns.map { pattern in
        let file = folder.appending(path: fileName(name, precision, pattern))
        try exported(dense, .uniform(pattern, model: dense), precision).write(to: file)
        return file
      }
    }
  }

  /// `deit-small-int8-2of4.swiftlet`.
  public static func fileName(_ name: String, _ precision: Precision, _ pattern: SparsityPattern) -> String {
    "\(name)-\(precision.rawValue)-\(pattern.folderName).swiftlet"
  }
}
