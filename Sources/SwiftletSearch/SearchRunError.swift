import Foundation
import SwiftletTraining

/// Why a search cannot start or go on.
public enum SearchRunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The recipe holds no images out.
  case noSearchSplit
  /// No plan inside the budget computes.
  case scoresNotFinite
  case interrupted(signal: Int32, evaluations: URL)

  public var description: String {
    switch self {
    case .noSearchSplit:
      "the recipe holds out no images to judge plans by: set data.searchFraction above 0"
    case .scoresNotFinite:
      "the network gives scores that are infinite or not numbers under every plan inside the budget, so no plan was "
        + "written: the checkpoint's activations overflow"
    case .interrupted(let signal, let evaluations):
      "stopped by \(RunError.name(of: signal)); the same command goes on, with what "
        + "\(evaluations.path) holds"
    }
  }
}
