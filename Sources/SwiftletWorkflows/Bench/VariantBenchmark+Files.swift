import Foundation
import SwiftletBenchmarkKit
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
    return try paths(named: name, patterns, precisions, in: folder) { file, pattern, precision in
      try exported(dense, .uniform(pattern, model: dense), precision).write(to: file)
    }
  }

  /// The same of the driving network, ``RandomDrivingNetwork``.
  ///
  /// - Throws: As for the others.
  public static func writeDriving(
    patterns: [SparsityPattern], precisions: [Precision], to folder: URL
  ) throws -> [URL] {
    try paths(named: "driving", patterns, precisions, in: folder) { file, pattern, precision in
      let network = RandomDrivingNetwork(
        precision: precision, sparsity: pattern.isDense ? .dense : .uniform(pattern))
      try network.model().write(to: file)
    }
  }

  private static func paths(
    named name: String, _ patterns: [SparsityPattern], _ precisions: [Precision], in folder: URL,
    writing: (_ file: URL, _ pattern: SparsityPattern, _ precision: Precision) throws -> Void
  ) throws -> [URL] {
    try precisions.flatMap { precision in
      try patterns.map { pattern in
        let file = folder.appending(path: fileName(name, precision, pattern))
        try writing(file, pattern, precision)
        return file
      }
    }
  }

  /// `deit-small-int8-2of4.swiftlet`.
  public static func fileName(_ name: String, _ precision: Precision, _ pattern: SparsityPattern) -> String {
    "\(name)-\(precision.rawValue)-\(pattern.folderName).swiftlet"
  }
}
