/// Why a data set cannot be used: one sentence that names the file and says what would help.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Nothing is there.
    case missing
    /// It is there and cannot be read, or is damaged.
    case unreadable
    /// It can be read and is not laid out as expected.
    case layout
    /// The request contradicts the data, such as a split larger than the set.
    case request
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    (self.kind, self.description) = (kind, description)
  }
}
