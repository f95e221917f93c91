import SwiftletFiles

/// Which of many files are pictures that are read, by their names' extensions, in the order of the names.
public struct PictureSelection: Sendable {
  /// Of JPEG, PNG, BMP, WebP, GIF, TIFF and PNM.
  public static let extensions: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "webp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm",
  ]

  /// Places in the list of names.
  public let pictures: [Int]
  /// How many other files there are of each extension.
  private let others: [String: Int]

  /// Hidden files and what macOS adds to archives count as nothing.
  public init(of names: [FileName]) {
    var pictures: [Int] = []
    var others: [String: Int] = [:]
    for (index, name) in names.enumerated() where !Self.isHidden(name) {
      let kind = name.lowercasedExtension
      if let kind, Self.extensions.contains(kind) {
        pictures.append(index)
      } else {
        others[kind.map { ".\($0)" } ?? "without extension", default: 0] += 1
      }
    }
    self.pictures = pictures.sorted { names[$0] < names[$1] }
    self.others = others
  }

  private static func isHidden(_ name: FileName) -> Bool {
    name.components.contains { $0.bytes.first == UInt8(ascii: ".") || $0 == "__MACOSX" }
  }

  /// What was left out, such as `3 files are no pictures that are read, and are left out: 2 .heic, 1 .txt`; nil for nothing.
  public var leftOut: String? {
    let count = others.values.reduce(0, +)
    guard count > 0 else { return nil }
    let kinds = others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
    let shown = kinds.prefix(8).joined(separator: ", ") + (kinds.count > 8 ? " and \(kinds.count - 8) other kinds" : "")
    return
      "\(count) \(count == 1 ? "file is no picture" : "files are no pictures") of a kind that is read, and left out: "
      + shown
  }
}
