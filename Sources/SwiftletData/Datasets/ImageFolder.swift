import Foundation
import SwiftletMedia

/// Pictures in a folder or a zip archive, one folder a class: `<class>/<name>.jpg`, or `<split>/<class>/<name>.jpg` with a split such as `train`.
///
/// Classes and files are ordered by name, as torchvision's `ImageFolder` orders them. A folder around everything is looked through.
public struct ImageFolder: ImageDataset {
  public let classes: [String]
  private let samples: [(place: Place, label: Int)]
  private let source: Source

  private enum Source: Sendable {
    case directory(URL)
    case archive(ZipArchive, path: String)
  }

  private enum Place: Sendable {
    case path(String)
    case member(ZipArchive.Member)
  }

  private static let extensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp"]
  private static let splitNames: Set<String> = ["train", "training", "val", "valid", "validation", "test", "testing"]

  /// - Parameter split: the folder to read where the data holds several, such as `train` and `test`; nil where there is one.
  public init(contentsOf url: URL, split: String? = nil) throws(DataError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
      throw DataError(.missing, "\(url.path) does not exist")
    }
    let places: [String: Place]
    if isDirectory.boolValue {
      source = .directory(url)
      guard let paths = FileManager.default.subpaths(atPath: url.path) else {
        throw DataError(.unreadable, "\(url.path) cannot be listed; check that it may be read")
      }
      places = Dictionary(paths.map { ($0, .path($0)) }, uniquingKeysWith: { first, _ in first })
    } else {
      let archive = try ZipArchive(url)
      source = .archive(archive, path: url.path)
      places = Dictionary(archive.members.map { ($0.name, .member($0)) }, uniquingKeysWith: { _, last in last })
    }
    let listing = try Self.classify(Array(places.keys), split: split, path: url.path)
    classes = listing.classes
    samples = listing.samples.compactMap { path, label in places[path].map { ($0, label) } }
    if case .directory = source {
      try Self.checkNoClassIsEmpty(url.appending(path: listing.prefix), classes, path: url.path)
    }
  }

  public var count: Int { samples.count }

  public func label(at index: Int) -> Int { samples[index].label }

  public func image(at index: Int) throws -> Image {
    switch (source, samples[index].place) {
    case (.directory(let root), .path(let path)):
      return try Image(contentsOf: root.appending(path: path))
    case (.archive(let archive, let path), .member(let member)):
      do {
        return try ImageDecoder.decode(try archive.read(member))
      } catch let error as MediaError {
        throw error.located(at: "\(path): \(member.name)")
      }
    default:
      preconditionFailure("ImageFolder: a folder's samples are paths and an archive's are members")
    }
  }

  // MARK: Layout

  /// A class folder that was emptied or never filled is a mistake that a smaller number of classes would hide.
  private static func checkNoClassIsEmpty(_ folder: URL, _ classes: [String], path: String) throws(DataError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names.sorted() where !classes.contains(name) && !name.hasPrefix(".") {
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: folder.appending(path: name).path, isDirectory: &isDirectory),
        isDirectory.boolValue
      {
        throw DataError(.layout, "\(path): the class folder \(name) holds no pictures; fill or remove it")
      }
    }
  }

  /// Sorts paths into classes.
  static func classify(
    _ paths: [String], split: String?, path: String
  ) throws(DataError) -> (classes: [String], prefix: String, samples: [(path: String, label: Int)]) {
    var files: [(path: String, parts: [Substring])] = []
    for path in paths {
      let parts = path.split(separator: "/")
      guard let name = parts.last, !parts.contains(where: { $0.hasPrefix(".") || $0 == "__MACOSX" }),
        let dot = name.lastIndex(of: "."), extensions.contains(name[name.index(after: dot)...].lowercased())
      else { continue }
      files.append((path, parts))
    }
    guard !files.isEmpty else {
      throw DataError(.layout, "\(path) holds no pictures; expected <class>/<name>.jpg, or png, bmp, webp")
    }
    func tops() -> Set<Substring> { Set(files.map { $0.parts.count > 1 ? $0.parts[0] : "" }) }
    if let only = tops().first, tops().count == 1, !splitNames.contains(String(only)),
      files.allSatisfy({ $0.parts.count > 2 })
    {
      files = files.map { ($0.path, Array($0.parts.dropFirst())) }
    }
    let top = tops()
    let splits = top.filter { splitNames.contains(String($0)) }.sorted()
    if let split {
      guard top.contains(Substring(split)) else {
        throw DataError(
          .layout,
          "\(path) has no folder \(split); it has \(top.subtracting([""]).sorted().prefix(12).joined(separator: ", "))")
      }
      files = files.filter { $0.parts[0] == split && $0.parts.count > 1 }.map { ($0.path, Array($0.parts.dropFirst())) }
    } else if !splits.isEmpty, splits.count == top.count {
      guard splits.count == 1 else {
        throw DataError(.layout, "\(path) holds \(splits.joined(separator: ", ")); say which one to read")
      }
      files = files.map { ($0.path, Array($0.parts.dropFirst())) }
    }
    if let stray = files.first(where: { $0.parts.count < 2 }) {
      throw DataError(.layout, "\(path): \(stray.path) lies in no class folder; expected <class>/<name>.jpg")
    }
    let classes = Set(files.map { String($0.parts[0]) }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let samples = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
      .compactMap { file in labels[String(file.parts[0])].map { (file.path, $0) } }
    let prefix = files[0].path.split(separator: "/").dropLast(files[0].parts.count).joined(separator: "/")
    return (classes, prefix, samples.enumerated().sorted { ($0.1.1, $0.0) < ($1.1.1, $1.0) }.map(\.element))
  }
}
