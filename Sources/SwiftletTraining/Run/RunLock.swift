import Foundation
import SwiftletFiles
import SwiftletPlans

/// The right to write into a folder, which one process has at a time.
///
/// It ends with ``release()``, with the value, or with the process, however that ends.
public final class RunLock {
  public let folder: URL
  /// Why the file system could not say whether somebody else writes there, or nil.
  public let doubt: String?
  private var lock: FileLock?
  private let madeFolder: Bool

  /// Makes the folder if need be, and takes it.
  ///
  /// - Throws: `RunError.inUse` where another run writes, `.cannotWrite` where the folder cannot be made.
  public init(_ folder: URL) throws {
    self.folder = folder
    madeFolder = !FileManager.default.fileExists(atPath: folder.path)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw RunError.cannotWrite(folder, reason: reason(of: error))
    }
    switch FileLock.take(folder.path) {
    case .held(let lock): (self.lock, doubt) = (lock, nil)
    case .inUse: throw RunError.inUse(folder)
    case .unavailable(let reason):
      (lock, doubt) = (nil, "\(folder.path) cannot be locked (\(reason)): start no other run there")
    }
  }

  deinit { release() }

  /// Gives the folder free for others. One that was made for nothing goes.
  public func release() {
    // A folder that holds something stays.
    if madeFolder, lock != nil { rmdir(folder.path) }
    lock = nil
  }
}
