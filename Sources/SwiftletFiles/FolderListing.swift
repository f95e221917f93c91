/// All that lies below a folder, in the order of the names. Hidden files and folders are left out; links are followed, but not in circles.
public struct FolderListing: Sendable {
  /// Paths within the folder.
  public private(set) var files: [FileName] = []
  public private(set) var folders: [FileName] = []

  /// - Throws: `FileError.unreadable` where the folder cannot be listed, `FileError.unreadableFolder` for one below it.
  public init(of folder: FileName) throws(FileError) {
    var status = stat()
    guard folder.withCString({ stat($0, &status) }) == 0 else { throw .unreadable(.open, code: errno) }
    try list(folder, as: FileName(bytes: []), above: [Place(status)])
    files.sort()
    folders.sort()
  }

  /// Whether a folder has this path.
  public static func isFolder(_ path: FileName) -> Bool {
    var status = stat()
    return path.withCString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What tells a folder from every other, however it is reached.
  private struct Place: Hashable {
    let device, number: UInt64

    init(_ status: stat) {
      (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
    }
  }

  private mutating func list(_ path: FileName, as name: FileName, above: Set<Place>) throws(FileError) {
    guard let stream = path.withCString({ opendir($0) }) else {
      throw name.bytes.isEmpty ? .unreadable(.open, code: errno) : .unreadableFolder("\(name)", code: errno)
    }
    var below: [(path: FileName, name: FileName, place: Place)] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: UInt8.self, capacity: 1) { start in
          Array(
            UnsafeBufferPointer(
              start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
        }
      }
      if bytes.first == UInt8(ascii: ".") { continue }
      let (entryPath, entryName) = (path.appending(FileName(bytes: bytes)), name.appending(FileName(bytes: bytes)))
      var status = stat()
      // A link that leads nowhere is listed as a file, so that whoever opens it says so.
      let isThere = entry.pointee.d_type != UInt8(DT_REG) && entryPath.withCString { stat($0, &status) } == 0
      if isThere, status.st_mode & S_IFMT == S_IFDIR {
        folders.append(entryName)
        if !above.contains(Place(status)) { below.append((entryPath, entryName, Place(status))) }
      } else {
        files.append(entryName)
      }
    }
    closedir(stream)
    for folder in below { try list(folder.path, as: folder.name, above: above.union([folder.place])) }
  }
}
