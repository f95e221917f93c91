import SwiftletPlans
import SwiftletRuntime

extension KernelSpeed {
  /// Patterns that are no faster than dense layers here, to be said before somebody pays accuracy for them: a sentence for
  /// each pattern and precision that this processor runs slower than dense.
  public static func remarks(
    on choices: [(path: String, choice: LayerChoice)], of work: MultiplyAdds
  ) throws -> [String] {
    try measure(choices, of: work).filter(\.isSlower).map(\.description)
  }
}

extension CompressionPlan {
  /// The plan's layers as they may be exported: in the precision that it names, and in int8.
  public var exportableChoices: [(path: String, choice: LayerChoice)] {
    paths.flatMap { path in
      guard let choice = self[path] else { return [(path: String, choice: LayerChoice)]() }
      let precisions = choice.precision == .int8 ? [Precision.int8] : [choice.format, .int8]
      return precisions.map { (path, LayerChoice(pattern: choice.sparsity, precision: $0)) }
    }
  }
}
