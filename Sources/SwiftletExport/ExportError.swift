import SwiftletRuntime

/// Why a model cannot be exported: one sentence that names the layer or operation.
public enum ExportError: Error, Hashable, Sendable {
  /// An operation that the runtime's graph has no counterpart for.
  case unsupported(operation: String, place: String, reason: String)
  /// The traces disagree in more than the lengths of their axes.
  case dependsOnLengths(String)
  /// The forward pass did something that a recording cannot show, such as writing into a tensor.
  case untraceable(String)
  /// A layer's weights break the pattern that they should have.
  case brokenPattern(layer: String, row: Int, group: Int, pattern: String, nonzeros: Int)
  /// The plan or a setting does not fit the model.
  case plan(String)
  /// A weight is infinite or not a number.
  case notFinite(weight: String)
  /// Calibration did not see what it needs.
  case calibration(String)
}

extension ExportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupported(let operation, let place, let reason):
      "cannot export \(operation) at \(place): \(reason)"
    case .dependsOnLengths(let what):
      "cannot export the model: \(what), so it would only run at the batch size and lengths it was traced with"
    case .untraceable(let what):
      "cannot trace the model: \(what)"
    case .brokenPattern(let layer, let row, let group, let pattern, let nonzeros):
      "\(layer) is no \(pattern) layer: row \(row), group \(group) has \(nonzeros) weights that are not zero; prune it with this plan first"
    case .plan(let reason): reason
    case .notFinite(let weight): "\(weight) is infinite or not a number somewhere: the checkpoint is damaged"
    case .calibration(let reason): "int8 export: \(reason)"
    }
  }
}
