/// Why a tokenizer cannot be made, written or used, in one sentence.
public struct TokenizerError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// There is no tokenizer where one was looked for.
    case missing
    /// The file contradicts itself or its format.
    case damaged
    /// It is sound, but uses something that is not carried out.
    case unsupported
  }

  public let kind: Kind
  /// The file it is about, where it came from one.
  public let file: String?
  public let problem: String

  public init(_ kind: Kind, file: String? = nil, _ problem: String) {
    (self.kind, self.file, self.problem) = (kind, file, problem)
  }

  public var description: String { file.map { "\($0): \(problem)" } ?? problem }

  static func damaged(_ problem: String) -> TokenizerError { TokenizerError(.damaged, problem) }
  static func unsupported(_ problem: String) -> TokenizerError { TokenizerError(.unsupported, problem) }

  /// The same about a file.
  func naming(_ file: String) -> TokenizerError { TokenizerError(kind, file: self.file ?? file, problem) }
}
