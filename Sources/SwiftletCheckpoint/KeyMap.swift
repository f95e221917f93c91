import SwiftletTensor

/// How the parameter names of another program become ours, which are timm's.
///
/// In a pattern `*` stands for one part between dots and, as its first or last part, `**` for any number of them.
public struct KeyMap: Hashable, Sendable {
  public enum Rule: Hashable, Sendable {
    /// What the pattern's stars matched goes to the stars of the new name.
    case rename(String, to: String)
    /// Several tensors that become one, joined in this order along the first axis.
    case fuse([String], into: String)
    /// A parameter that our model does not have.
    case drop(String)
    /// A parameter of a layer that none of our models has; the reason follows its name.
    case refuse(String, String)
  }

  /// The first rule that fits a name applies.
  public var rules: [Rule]
  /// Whether a name that no rule fits is an error, or stays as it is.
  public var refusesUnknown: Bool

  public init(_ rules: [Rule], refusesUnknown: Bool = false) {
    (self.rules, self.refusesUnknown) = (rules, refusesUnknown)
  }

  /// The tensors under our names, in the order in which each first appears.
  ///
  /// - Throws: ``CheckpointError`` when a name is unknown, two names become one, or a part of a fused tensor is missing.
  public func callAsFunction(_ foreign: StateDictionary) throws(CheckpointError) -> StateDictionary {
    var result = StateDictionary(metadata: foreign.metadata)
    var parts: [String: [Tensor?]] = [:]
    var order: [String] = []
    var sources: [String: String] = [:]
    for (name, tensor) in foreign {
      guard let (target, part, count) = try target(of: name) else { continue }
      if parts[target] == nil {
        parts[target] = [Tensor?](repeating: nil, count: count)
        order.append(target)
      }
      guard parts[target]?.count == count, parts[target]?[part] == nil else {
        throw CheckpointError(.mismatch, "\(name) and \(sources[target] ?? "another") both become \(target)")
      }
      parts[target]?[part] = tensor
      sources[target] = name
    }
    for target in order {
      let tensors = (parts[target] ?? []).compactMap { $0 }
      guard tensors.count == parts[target]?.count, let first = tensors.first else {
        throw CheckpointError(.mismatch, "\(target) lacks a part: \(sources[target] ?? "") has no counterpart")
      }
      guard tensors.allSatisfy({ $0.rank > 0 && $0.shape.dropFirst() == first.shape.dropFirst() }) || tensors.count == 1
      else {
        throw CheckpointError(
          .mismatch, "the parts of \(target) have shapes \(tensors.map(\.shape)), which do not join")
      }
      result[target] = tensors.count == 1 ? first : withNoGradient { Tensor.concatenated(tensors, along: 0) }
    }
    return result
  }

  /// Our name, and which of how many parts this is; nil when it is dropped.
  private func target(of name: String) throws(CheckpointError) -> (name: String, part: Int, count: Int)? {
    for rule in rules {
      switch rule {
      case .rename(let pattern, let target):
        if let stars = Self.match(name, pattern) { return (Self.fill(target, stars), 0, 1) }
      case .fuse(let patterns, let target):
        for (part, pattern) in patterns.enumerated() {
          if let stars = Self.match(name, pattern) { return (Self.fill(target, stars), part, patterns.count) }
        }
      case .drop(let pattern):
        if Self.match(name, pattern) != nil { return nil }
      case .refuse(let pattern, let reason):
        if Self.match(name, pattern) != nil { throw CheckpointError(.mismatch, "\(name) \(reason)") }
      }
    }
    guard refusesUnknown else { return (name, 0, 1) }
    throw CheckpointError(
      .mismatch, "\(name) has no counterpart in our models; is this checkpoint of another architecture?")
  }

  /// What the stars stand for, or nil when the pattern does not fit.
  static func match(_ name: String, _ pattern: String) -> [String]? {
    var names = name.split(separator: ".", omittingEmptySubsequences: false)[...]
    var parts = pattern.split(separator: ".", omittingEmptySubsequences: false)[...]
    var (before, after): (String?, String?)
    if parts.first == "**" {
      parts.removeFirst()
      guard names.count >= parts.count else { return nil }
      before = names.prefix(names.count - parts.count).joined(separator: ".")
      names = names.suffix(parts.count)
    } else if parts.last == "**" {
      parts.removeLast()
      guard names.count >= parts.count else { return nil }
      after = names.dropFirst(parts.count).joined(separator: ".")
      names = names.prefix(parts.count)
    }
    guard names.count == parts.count else { return nil }
    var stars: [String] = []
    for (name, part) in zip(names, parts) {
      if part == "*" { stars.append(String(name)) } else if part != name { return nil }
    }
    return [before].compactMap { $0 } + stars + [after].compactMap { $0 }
  }

  /// The name with its stars replaced one after the other.
  private static func fill(_ target: String, _ stars: [String]) -> String {
    var stars = stars[...]
    return target.split(separator: ".", omittingEmptySubsequences: false)
      .map { $0 == "*" || $0 == "**" ? stars.popFirst() ?? "" : String($0) }
      .filter { !$0.isEmpty }
      .joined(separator: ".")
  }
}
