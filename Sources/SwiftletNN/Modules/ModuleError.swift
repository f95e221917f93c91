/// What can go wrong when names and shapes from outside meet a network.
public enum ModuleError: Error, Hashable, Sendable, CustomStringConvertible {
  case wrongShape(name: String, found: [Int], expected: [Int], source: String)
  case wrongDataType(name: String, found: String, expected: String, source: String)
  case wrongNames(missing: [String], unexpected: [String], source: String)
  case noLayer(path: String, model: String, nearest: String)
  case cannotReplace(path: String, type: String, with: String)

  public var description: String {
    switch self {
    case .wrongShape(let name, let found, let expected, let source):
      return "\(name) has shape \(found) in \(source), the configuration expects \(expected)"
    case .wrongDataType(let name, let found, let expected, let source):
      return "\(name) holds \(found) in \(source), the model expects \(expected)"
    case .wrongNames(let missing, let unexpected, let source):
      let parts = [
        missing.isEmpty ? nil : "lacks \(Self.list(missing))",
        unexpected.isEmpty ? nil : "has \(Self.list(unexpected)), which the model does not know",
      ]
      return "\(source) " + parts.compactMap { $0 }.joined(separator: " and ")
        + ": check that the configuration and the names' origin (timm, Hugging Face) are right"
    case .noLayer(let path, let model, let nearest):
      if path.isEmpty { return "\(model) cannot be replaced as a whole: name a layer inside it" }
      let hint = nearest.isEmpty ? "its paths start at the model" : "the path is right up to \(nearest)"
      return "\(model) has no layer at \(path): \(hint)"
    case .cannotReplace(let path, let type, let with):
      return "a \(with) cannot take the place of the \(type) at \(path): the model uses more of it than a layer's call"
    }
  }

  /// The first names and how many more there are.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(6).joined(separator: ", ")
    return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
  }
}
