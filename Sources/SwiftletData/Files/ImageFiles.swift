import Foundation
import SwiftletFiles
import SwiftletMedia

/// The pictures below a folder or in a zip archive, or one picture file, in the order of their names.
public struct ImageFiles: Sendable {
  /// Paths within the folder or the archive.
  public let names: [String]
  private let source: Source

  private enum Source: Sendable {
    case folder(URL)
    case archive(ZipArchive, path: String, members: [ZipArchive.Member])
  }

  static let extensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp"]

  public init(at url: URL) throws(DataError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
      throw DataError(.missing, "\(url.path) does not exist")
    }
    if isDirectory.boolValue {
      guard let paths = FileManager.default.subpaths(atPath: url.path) else {
        throw DataError(.unreadable, "\(url.path) cannot be listed; check that it may be read")
      }
      names = paths.filter(Self.isPicture).sorted(by: Self.precedes)
      source = .folder(url)
    } else if Self.isPicture(url.lastPathComponent) {
      names = [url.lastPathComponent]
      source = .folder(url.deletingLastPathComponent())
    } else {
      let file = try MappedFile.data(at: url)
      let archive = try located(at: url.path, try ZipArchive(file))
      let members = archive.members.filter { Self.isPicture($0.name) }.sorted { Self.precedes($0.name, $1.name) }
      names = members.map(\.name)
      source = .archive(archive, path: url.path, members: members)
    }
    guard !names.isEmpty else {
      throw DataError(.layout, "\(url.path) holds no pictures (jpg, png, bmp or webp)")
    }
  }

  public func image(at index: Int) throws -> Image {
    switch source {
    case .folder(let folder):
      return try Image(contentsOf: folder.appending(path: names[index]))
    case .archive(let archive, let path, let members):
      let file = try located(at: path, try archive.read(members[index]))
      do throws(MediaError) {
        return try ImageDecoder.decode(file)
      } catch {
        throw error.located(at: "\(path): \(names[index])")
      }
    }
  }

  /// By extension; hidden files and what macOS adds to archives are left out.
  static func isPicture(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard let name = parts.last, let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
      && !parts.contains { $0.hasPrefix(".") || $0 == "__MACOSX" }
  }

  /// The order of Python's `sorted`: by bytes, whatever the locale.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
