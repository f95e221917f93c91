import Foundation
import SwiftletMedia

/// Pictures in a folder or a zip archive, one folder a class: `<class>/<name>.jpg`, or `<split>/<class>/<name>.jpg` with a split such as `train`.
///
/// Classes and files are ordered by name, as torchvision's `ImageFolder` orders them. A folder around everything is looked through.
public struct ImageFolder: ImageDataset {
  public let classes: [String]
  private let files: ImageFiles
  /// The file and the label of each sample, class by class.
  private let samples: [(file: Int, label: Int)]

  private static let splitNames: Set<String> = ["train", "training", "val", "valid", "validation", "test", "testing"]

  /// - Parameter split: the folder to read where the data holds several, such as `train` and `test`; nil where there is one.
  public init(contentsOf url: URL, split: String? = nil) throws(DataError) {
    files = try ImageFiles(at: url)
    let layout = try Self.layout(of: files.names, split: split, path: url.path)
    (classes, samples) = (layout.classes, layout.samples)
    try Self.checkNoClassIsEmpty(url.appending(path: layout.prefix), classes, path: url.path)
  }

  public var count: Int { samples.count }

  public func label(at index: Int) -> Int { samples[index].label }

  public func image(at index: Int) throws -> Image { try files.image(at: samples[index].file) }

  /// Sorts paths into classes. `prefix` is the folder that holds the class folders.
  static func layout(
    of paths: [String], split: String?, path: String
  ) throws(DataError) -> (classes: [String], prefix: String, samples: [(file: Int, label: Int)]) {
    var files = paths.enumerated().map { (index: $0, parts: $1.split(separator: "/")[...]) }
    func tops() -> Set<Substring> { Set(files.map { $0.parts.count > 1 ? $0.parts[$0.parts.startIndex] : "" }) }
    func descend() { files = files.map { ($0.index, $0.parts.dropFirst()) } }

    if let only = tops().first, tops().count == 1, !splitNames.contains(String(only)),
      files.allSatisfy({ $0.parts.count > 2 })
    {
      descend()
    }
    let top = tops()
    let splits = top.filter { splitNames.contains(String($0)) }.sorted()
    if let split {
      guard top.contains(Substring(split)) else {
        let names = top.subtracting([""]).sorted().prefix(12).joined(separator: ", ")
        throw DataError(.layout, "\(path) has no folder \(split); it has \(names.isEmpty ? "none" : names)")
      }
      files = files.filter { $0.parts.count > 1 && $0.parts[$0.parts.startIndex] == split }
      descend()
    } else if !splits.isEmpty, splits.count == top.count {
      guard splits.count == 1 else {
        throw DataError(.layout, "\(path) holds \(splits.joined(separator: ", ")); say which one to read")
      }
      descend()
    }
    if let stray = files.first(where: { $0.parts.count < 2 }) {
      throw DataError(.layout, "\(path): \(paths[stray.index]) lies in no class folder; expected <class>/<name>.jpg")
    }
    let classes = Set(files.map { String($0.parts[$0.parts.startIndex]) }).sorted(by: ImageFiles.precedes)
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let samples = files.map { (file: $0.index, label: labels[String($0.parts[$0.parts.startIndex])] ?? 0) }
      .sorted { ($0.label, $0.file) < ($1.label, $1.file) }
    let depth = files.first.map { $0.parts.startIndex } ?? 0
    let prefix = files.first.map { paths[$0.index].split(separator: "/").prefix(depth).joined(separator: "/") } ?? ""
    return (classes, prefix, samples)
  }

  /// A class folder that was emptied or never filled is a mistake that a smaller number of classes would hide.
  private static func checkNoClassIsEmpty(_ folder: URL, _ classes: [String], path: String) throws(DataError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []  // an archive has none
    for name in names.sorted() where !classes.contains(name) && !name.hasPrefix(".") {
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: folder.appending(path: name).path, isDirectory: &isDirectory),
        isDirectory.boolValue
      {
        throw DataError(.layout, "\(path): the class folder \(name) holds no pictures; fill or remove it")
      }
    }
  }
}
