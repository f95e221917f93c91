import Foundation
import SwiftletFiles
import SwiftletMedia

/// Pictures in a folder or a zip archive, one folder a class: `<class>/<name>.jpg`, or `<split>/<class>/<name>.jpg` with a split such as `train`.
///
/// Classes and files are ordered by name, as torchvision's `ImageFolder` orders them; but class folders that are all numbers are ordered by value. A
/// folder around everything is looked through. Names are told apart by their bytes: what looks alike stays two classes.
public struct ImageFolder: ImageDataset {
  public let classes: [String]
  public let warnings: [String]
  private let files: ImageFiles
  /// The file and the label of each sample, class by class.
  private let samples: [(file: Int, label: Int)]

  private static let splitNames: Set<String> = ["train", "training", "val", "valid", "validation", "test", "testing"]

  /// - Parameter split: the folder to read where the data holds several, such as `train` and `test`; nil where there is one.
  public init(contentsOf url: URL, split: String? = nil) throws(DataError) {
    files = try ImageFiles(at: url)
    let layout = try Self.layout(of: files.names, split: split, path: url.path)
    (classes, samples) = (layout.classes.map(\.description), layout.samples)
    try Self.checkNoClassIsEmpty(files.folders, layout, path: url.path)
    warnings = [files.leftOut, ClassOrder.note(layout.classes, path: url.path), Self.twinNote(classes, path: url.path)]
      .compactMap(\.self)
  }

  /// A sentence where two classes look the same; nil elsewhere.
  private static func twinNote(_ classes: [String], path: String) -> String? {
    guard let twin = Dictionary(grouping: classes, by: \.self).filter({ $0.value.count > 1 }).keys.sorted().first else {
      return nil
    }
    return "\(path): two class folders look alike, \(twin), and are written in different bytes; they are two classes"
  }

  public var count: Int { samples.count }

  public func label(at index: Int) -> Int { samples[index].label }

  public func image(at index: Int) throws -> Image { try files.image(at: samples[index].file) }

  /// Where the pictures of each class are. `prefix` is the folder that holds the class folders.
  struct Layout {
    let classes, prefix: [FileName]
    let samples: [(file: Int, label: Int)]
  }

  /// Sorts paths into classes.
  static func layout(of paths: [FileName], split: String?, path: String) throws(DataError) -> Layout {
    var files = paths.enumerated().map { (index: $0, parts: $1.components[...]) }
    func tops() -> Set<FileName> { Set(files.map { $0.parts.count > 1 ? $0.parts[$0.parts.startIndex] : "" }) }
    func descend() { files = files.map { ($0.index, $0.parts.dropFirst()) } }

    if let only = tops().first, tops().count == 1, !splitNames.contains(only.description),
      files.allSatisfy({ $0.parts.count > 2 })
    {
      descend()
    }
    let top = tops()
    let splits = top.filter { splitNames.contains($0.description) }.sorted()
    if let split {
      let split = FileName(split)
      guard top.contains(split) else {
        let names = top.subtracting([""]).sorted().prefix(12).map(\.description).joined(separator: ", ")
        throw DataError(.layout, "\(path) has no folder \(split); it has \(names.isEmpty ? "none" : names)")
      }
      files = files.filter { $0.parts.count > 1 && $0.parts[$0.parts.startIndex] == split }
      descend()
    } else if !splits.isEmpty, splits.count == top.count {
      guard splits.count == 1 else {
        throw DataError(
          .layout, "\(path) holds \(splits.map(\.description).joined(separator: ", ")); say which one to read")
      }
      descend()
    }
    if let stray = files.first(where: { $0.parts.count < 2 }) {
      throw DataError(.layout, "\(path): \(paths[stray.index]) lies in no class folder; expected <class>/<name>.jpg")
    }
    let classes = ClassOrder.sorted(Set(files.map { $0.parts[$0.parts.startIndex] }))
    let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let samples = files.map { (file: $0.index, label: labels[$0.parts[$0.parts.startIndex]] ?? 0) }
      .sorted { ($0.label, $0.file) < ($1.label, $1.file) }
    let depth = files.first.map { $0.parts.startIndex } ?? 0
    let prefix = files.first.map { Array(paths[$0.index].components.prefix(depth)) } ?? []
    return Layout(classes: classes, prefix: prefix, samples: samples)
  }

  /// A class folder that was emptied or never filled is a mistake that a smaller number of classes would hide.
  private static func checkNoClassIsEmpty(_ folders: [FileName], _ layout: Layout, path: String) throws(DataError) {
    let known = Set(layout.classes)
    for folder in folders {
      let parts = folder.components
      guard parts.count == layout.prefix.count + 1, parts.starts(with: layout.prefix), let name = parts.last,
        !known.contains(name), name != "__MACOSX"
      else { continue }
      throw DataError(.layout, "\(path): the class folder \(name) holds no pictures; fill or remove it")
    }
  }
}
