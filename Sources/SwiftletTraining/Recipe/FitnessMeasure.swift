import SwiftletFiles

/// What ranks the plans of a search that judges them by images.
public enum FitnessMeasure: String, Hashable, Sendable, FileWord, CaseIterable {
  /// The finer of the two: it moves with every image, accuracy only where an answer changes.
  case loss
  case accuracy
}
