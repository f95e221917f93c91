import Foundation
import SwiftletFiles
import SwiftletMedia

/// The pictures below a folder or in a zip archive, or one picture file, in the order of their names.
public struct ImageFiles: Sendable {
  /// Paths within the folder or the archive.
  public let names: [FileName]
  /// The folders below the folder; none of an archive.
  let folders: [FileName]
  /// What else lies there, in a sentence; nil for nothing.
  public let leftOut: String?
  private let source: Source

  private enum Source: Sendable {
    case folder(FileName)
    case archive(ZipArchive, path: String, members: [ZipArchive.Member])
  }

  public init(at url: URL) throws(DataError) {
    let path = FileName(url.path)
    let selection: PictureSelection
    if FolderListing.isFolder(path) {
      let listing = try located(at: url.path, try FolderListing(of: path))
      selection = PictureSelection(of: listing.files)
      names = selection.pictures.map { listing.files[$0] }
      folders = listing.folders
      source = .folder(path)
    } else {
      guard FileManager.default.fileExists(atPath: url.path) else {
        throw DataError(.missing, "\(url.path) does not exist")
      }
      folders = []
      let own = FileName(url.lastPathComponent)
      if PictureSelection(of: [own]).pictures.isEmpty {
        let file = try MappedFile.data(at: url)
        let archive = try located(at: url.path, try ZipArchive(file))
        let members = archive.members
        // Names may begin with "./" or "/"; what they say then is the same.
        let places = members.map {
          FileName(bytes: $0.fileName.components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
        }
        selection = PictureSelection(of: places)
        names = selection.pictures.map { places[$0] }
        source = .archive(archive, path: url.path, members: selection.pictures.map { members[$0] })
      } else {
        selection = PictureSelection(of: [own])
        names = [own]
        source = .folder(FileName(url.deletingLastPathComponent().path))
      }
    }
    leftOut = selection.leftOut.map { "\(url.path): \($0)" }
    guard !names.isEmpty else {
      throw DataError(
        .layout,
        "\(url.path) holds no pictures (jpg, png, bmp, webp, gif, tif or ppm)"
          + (selection.leftOut.map { "; \($0)" } ?? ""))
    }
  }

  public func image(at index: Int) throws -> Image {
    switch source {
    case .folder(let folder):
      return try Image(contentsOf: folder.appending(names[index]))
    case .archive(let archive, let path, let members):
      let file = try located(at: path, try archive.read(members[index]))
      do throws(MediaError) {
        return try ImageDecoder.decode(file)
      } catch {
        throw error.located(at: "\(path): \(names[index])")
      }
    }
  }
}
