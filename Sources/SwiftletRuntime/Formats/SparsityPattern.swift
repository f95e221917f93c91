/// N:M sparsity: of every `group` consecutive weights along a row (input channels), `kept` stay.
///
/// The one N:M type of plans, recipes and model files, whose formats ask for more where they need it: a graph that M divides
/// a row, an accelerator that it has the level. `4:4` keeps all weights and is the dense layer. Written `2:4`, in files too.
/// Source: Huang et al., "ELSA: Exploiting Layer-wise N:M Sparsity for Vision Transformer Acceleration" (2024).
public struct SparsityPattern: Hashable, Sendable {
  /// The largest group a pattern may have.
  public static let largestGroup = 64

  public let kept, group: Int

  /// - Precondition: `1 <= kept <= group <= 64`. Text from outside goes through ``init(parsing:)``, which throws.
  public init(keeping kept: Int, of group: Int) {
    if let problem = Self.problem(keeping: kept, of: group) { preconditionFailure(problem.description) }
    (self.kept, self.group) = (kept, group)
  }

  /// What a file says in numbers.
  public init(validating kept: Int, of group: Int) throws(SparsityPatternError) {
    if let problem = Self.problem(keeping: kept, of: group) { throw problem }
    (self.kept, self.group) = (kept, group)
  }

  /// Reads `"2:4"`.
  public init(parsing text: String) throws(SparsityPatternError) {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
      part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(part) : nil
    }
    guard numbers.count == 2, let kept = numbers[0], let group = numbers[1] else { throw .notAPattern(text) }
    try self.init(validating: kept, of: group)
  }

  /// Every weight stays, whatever the width: `1:1`.
  public static let dense = SparsityPattern(keeping: 1, of: 1)

  /// True for `1:1`, `4:4` and the like: every weight stays.
  public var isDense: Bool { kept == group }

  /// The share of weights that stay: 0.5 for 2:4.
  public var density: Double { Double(kept) / Double(group) }

  private static func problem(keeping kept: Int, of group: Int) -> SparsityPatternError? {
    if kept < 1 || group < 1 { return .empty(kept: kept, group: group) }
    if kept > group { return .keepsMoreThanItHas(kept: kept, group: group) }
    if group > largestGroup { return .groupTooLarge(kept: kept, group: group) }
    return nil
  }
}

extension SparsityPattern: CustomStringConvertible {
  public var description: String { "\(kept):\(group)" }
}

extension SparsityPattern: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      try self.init(parsing: container.decode(String.self))
    } catch let error as SparsityPatternError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Why something is no sparsity pattern.
public enum SparsityPatternError: Error, Hashable, Sendable {
  case notAPattern(String)
  case empty(kept: Int, group: Int)
  case keepsMoreThanItHas(kept: Int, group: Int)
  case groupTooLarge(kept: Int, group: Int)
}

extension SparsityPatternError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAPattern(let text):
      "“\(text)” is no sparsity pattern: write N:M, such as 2:4 to keep 2 of every 4 weights"
    case .empty(let kept, let group):
      "pattern \(kept):\(group) is empty: keep at least 1 weight of a group of at least 1"
    case .keepsMoreThanItHas(let kept, let group):
      "pattern \(kept):\(group) keeps more than it has: N:M needs N <= M, such as 2:4"
    case .groupTooLarge(let kept, let group):
      "pattern \(kept):\(group) is too wide: groups hold at most \(SparsityPattern.largestGroup) weights"
    }
  }
}
