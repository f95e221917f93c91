/// Which file a path leads to, whatever the path is called: links, hard links, `./` and the case of letters, where the
/// file system ignores it, all lead to one identity.
public struct FileIdentity: Hashable, Sendable {
  public enum Kind: Sendable {
    case regular, folder
    /// A device, a pipe or a socket.
    case special
  }

  public let device, number: UInt64
  public let kind: Kind
  public let byteCount: Int

  /// - Returns: nil where nothing has this name.
  public init?(path: String) throws(FileError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      // What lies below a file is not there either; the file above it is the caller's to find.
      if code == ENOENT || code == ENOTDIR { return nil }
      throw .unreadable(.inspect, code: code)
    }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(truncatingIfNeeded: status.st_ino)
    byteCount = Int(status.st_size)
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .special
      }
  }

  public static func == (one: FileIdentity, other: FileIdentity) -> Bool {
    (one.device, one.number) == (other.device, other.number)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(device)
    hasher.combine(number)
  }
}
