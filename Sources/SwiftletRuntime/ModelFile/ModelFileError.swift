/// Why a model file cannot be read or written: one sentence with the file's name.
public enum ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no such file.
  case missing(path: String)
  /// The system refuses to open, map or write it.
  case system(path: String, reason: String)
  /// It is some other kind of file.
  case notAModel(path: String, reason: String)
  /// It is a model file whose parts contradict each other: truncated, altered or forged.
  case damaged(path: String, reason: String)
  /// Its graph is not valid, or of another version.
  case graph(path: String, GraphError)
  /// A constant cannot be written.
  case constant(path: String, ConstantError)

  public var description: String {
    switch self {
    case .missing(let path): "there is no model file at \(path)"
    case .system(let path, let reason): "\(path): \(reason)"
    case .notAModel(let path, let reason): "\(path) is not a Swiftlet model: \(reason)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason); copy or export it again"
    case .graph(let path, let error): "\(path): \(error)"
    case .constant(let path, let error): "\(path) cannot be written: \(error)"
    }
  }
}
