import Foundation
import SwiftletFiles

/// The operating system's words for a file that could not be read or written.
public func reason(of error: any Error) -> String {
  switch error as? FileError {
  case .unreadable(_, let code), .unwritable(_, let code): return FileError.systemMessage(for: code)
  case .some(let error): return "it \(error)"
  case .none: break
  }
  let error = error as NSError
  if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError, underlying.domain == NSPOSIXErrorDomain {
    return FileError.systemMessage(for: Int32(underlying.code))
  }
  if error.domain == NSPOSIXErrorDomain { return FileError.systemMessage(for: Int32(error.code)) }
  guard error.domain == NSCocoaErrorDomain else { return error.localizedDescription }
  switch CocoaError.Code(rawValue: error.code) {
  case .fileNoSuchFile, .fileReadNoSuchFile: return FileError.systemMessage(for: ENOENT)
  case .fileReadNoPermission, .fileWriteNoPermission: return FileError.systemMessage(for: EACCES)
  case .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding: return "it is not text in UTF-8"
  default: return error.localizedDescription
  }
}
