import Foundation
import SwiftletFiles
import SwiftletPlans

/// A folder for results that appears complete or not at all, and only where nothing lies.
public struct NewFolder {
  /// Behind all links, one of which would not give way to it.
  public let place: URL

  /// Refuses a place that is taken, before the work begins.
  ///
  /// - Parameter folder: new, or empty: nothing that lies there is replaced.
  /// - Throws: ``NewFolderError`` for a folder that holds something, `OutputError` for a file, and where nothing can be written.
  public init(_ folder: URL) throws {
    place = Self.place(of: folder)
    try checkOutputFolder(place.path)
    guard FileManager.default.fileExists(atPath: place.path) else { return }
    let content: [String]
    do { content = try FileManager.default.contentsOfDirectory(atPath: place.path) } catch {
      throw NewFolderError.unreadable(place.path, reason: reason(of: error))
    }
    guard content.isEmpty else { throw NewFolderError.taken(place.path) }
  }

  /// Fills a folder beside the place, and gives it its name when all is there.
  ///
  /// - Throws: `OutputError` where the folder cannot be written, what `body` throws.
  public func write<Result>(_ body: (_ draft: URL) throws -> Result) throws -> Result {
    try makeFolder(place.deletingLastPathComponent())
    let draft = URL(filePath: AtomicFile.draft(of: place.path))
    try makeFolder(draft)
    defer { try? FileManager.default.removeItem(at: draft) }
    let result: Result
    do {
      result = try body(draft)
    } catch let error as FileError {
      throw OutputError.unwritable(place.path, error)
    }
    // An empty folder gives way, anything else does not.
    guard rename(draft.path, place.path) == 0 else {
      throw OutputError.unwritable(place.path, .unwritable(.rename, code: errno))
    }
    return result
  }

  private static func place(of folder: URL) -> URL {
    var place = folder.standardizedFileURL.resolvingSymlinksInPath()
    // Links to what is there are resolved; one to a folder that is still to be made stands, and may lead in a circle.
    for _ in 0..<40 {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: place.path) else { break }
      let next =
        target.hasPrefix("/") ? URL(filePath: target) : place.deletingLastPathComponent().appending(path: target)
      place = next.standardizedFileURL.resolvingSymlinksInPath()
    }
    return place
  }
}

/// Why results do not go into a folder.
public enum NewFolderError: Error, Hashable, Sendable, CustomStringConvertible {
  case taken(String)
  case unreadable(String, reason: String)

  public var description: String {
    switch self {
    case .taken(let path): "\(path): holds files already, which are not replaced: choose another folder"
    case .unreadable(let path, let reason): "\(path): cannot be listed: \(reason)"
    }
  }
}
