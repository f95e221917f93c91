/// A folder or file that this holder alone works in.
///
/// The system's lock on an open file: it ends with its holder, however that ends, and leaves nothing behind.
public final class FileLock: Sendable {
  private let descriptor: Int32

  /// What came of asking for a lock.
  public enum Outcome: Sendable {
    case held(FileLock)
    /// Somebody else holds it.
    case inUse
    /// The file system keeps no locks, or nothing can be opened there: the system's words.
    case unavailable(reason: String)
  }

  /// Takes the lock of the folder or file at `path`, or says at once why not.
  public static func take(_ path: String) -> Outcome {
    // Some network file systems lock only what is open for writing, which a folder cannot be.
    var descriptor = open(path, O_RDWR | O_CLOEXEC)
    if descriptor < 0 { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return .unavailable(reason: String(cString: strerror(errno)).lowercased()) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      close(descriptor)
      return code == EWOULDBLOCK ? .inUse : .unavailable(reason: String(cString: strerror(code)).lowercased())
    }
    return .held(FileLock(descriptor))
  }

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}
