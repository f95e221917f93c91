import Foundation
import Yams

extension TaskRecipe {
  /// The first key whose value differs from `other`'s, apart from those that change no result, or its rounding only, and
  /// from more epochs and more patience: a run may go on.
  func firstDifference(from other: Self) throws -> (key: String, own: String, other: String)? {
    let harmless: Set<String> = [
      "training.workers", "training.threads", "training.device", "training.logEverySteps", "training.checkpointMinutes",
    ]
    let (own, others) = (try flattened(), try other.flattened())
    let keys = Set(own.keys).union(others.keys).subtracting(harmless).sorted()
    func isMore(_ key: String) -> Bool {
      guard ["training.epochs", "training.patience", "compression.epochs"].contains(key) else { return false }
      guard let now = own[key].flatMap(Int.init), let before = others[key].flatMap(Int.init) else { return false }
      return now > before
    }
    guard let key = keys.first(where: { own[$0] != others[$0] && !isMore($0) }) else { return nil }
    return (key, own[key] ?? "absent", others[key] ?? "absent")
  }

  /// Every value as text, by dotted key.
  private func flattened() throws -> [String: String] {
    var values: [String: String] = [:]
    func visit(_ node: Node, _ path: String) throws {
      if let mapping = node.mapping {
        for (key, value) in mapping {
          try visit(value, path.isEmpty ? key.string ?? "" : "\(path).\(key.string ?? "")")
        }
      } else {
        values[path] = try Yams.serialize(node: node).trimmingCharacters(in: .whitespacesAndNewlines)
      }
    }
    if let root = try Yams.compose(yaml: yaml()) { try visit(root, "") }
    return values
  }
}
