import SwiftletExport
import SwiftletModels
import SwiftletPlans
import SwiftletRunCommands
import SwiftletRuntime

/// Patterns that are no faster than dense layers here, said before somebody pays accuracy for them.
enum SlowKernels {
  /// One sentence on standard error for each pattern and precision that this processor runs slower than dense.
  ///
  /// - Returns: the sentences.
  @discardableResult
  static func announce(
    _ choices: [(path: String, choice: LayerChoice)], of work: MultiplyAdds
  ) throws -> [String] {
    let sentences = try KernelSpeed.measure(choices, of: work).filter(\.isSlower).map(\.description)
    for sentence in sentences { printToStandardError("note: \(sentence)") }
    return sentences
  }
}

extension CompressionPlan {
  /// The plan's layers as they may be exported: in the precision that it names, and in int8.
  var exportableChoices: [(path: String, choice: LayerChoice)] {
    paths.flatMap { path in
      guard let choice = self[path] else { return [(path: String, choice: LayerChoice)]() }
      let precisions = choice.precision == .int8 ? [Precision.int8] : [choice.precision, .int8]
      return precisions.map { (path, LayerChoice(pattern: choice.pattern, precision: $0)) }
    }
  }
}
