/// Why a graph is refused: one sentence that names the place and what is wrong there.
public enum GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The graph was written for another version of the format.
  case unsupportedVersion(Int)
  /// The text is not JSON, or a key is missing, unknown or of the wrong type.
  case unreadable(String)
  /// A part of the graph contradicts the rest of it.
  case invalid(part: String, reason: String)

  public var description: String {
    switch self {
    case .unsupportedVersion(let found):
      "the graph has version \(found), this program reads versions 1 to \(Graph.version): export the model again or update"
    case .unreadable(let reason): "the graph is unreadable: \(reason)"
    case .invalid(let part, let reason): "the graph is invalid at \(part): \(reason)"
    }
  }
}
