import Foundation

/// The names of a network's classes, in the order of its scores, and where they come from.
struct ClassNames {
  let names: [String]
  let origin: String

  /// Nothing where there are no names.
  init?(_ names: [String], origin: String) {
    if names.isEmpty { return nil }
    (self.names, self.origin) = (names, origin)
  }

  /// A text file of one name a line.
  init(contentsOf file: URL) throws {
    let text: String
    do {
      text = try String(contentsOf: file, encoding: .utf8)
    } catch {
      let missing = !FileManager.default.fileExists(atPath: file.path)
      throw ClassNamesError(origin: file.path, problem: missing ? "is not there" : "cannot be read as text")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    if let blank = lines.firstIndex(of: "") {
      throw ClassNamesError(origin: file.path, problem: "has no name in line \(blank + 1)")
    }
    (names, origin) = (lines, file.path)
  }

  /// The names, if each score has one.
  func checked(against classes: Int) throws -> [String] {
    guard names.count == classes else {
      throw ClassNamesError(
        origin: origin, problem: "names \(names.count) classes, the network's head has \(classes)")
    }
    return names
  }
}

/// Names that cannot be those of a network's classes.
public struct ClassNamesError: Error, Hashable, Sendable, CustomStringConvertible {
  public let origin, problem: String

  public var description: String { "\(origin) \(problem)" }
}
