import SwiftletRuntime

extension SparsityPattern {
  /// `dense`, `2of4`: file names have no colon.
  var folderName: String { isDense ? "dense" : "\(kept)of\(group)" }

  /// `dense`, `2:4`.
  var displayName: String { isDense ? "dense" : description }
}
