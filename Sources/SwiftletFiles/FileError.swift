/// Why a file cannot be read or written, without its name: whoever knows what kind of file it should have been makes the
/// sentence.
public enum FileError: Error, Hashable, Sendable {
  /// What the system was asked to do.
  public enum Step: String, Sendable {
    case open = "opened"
    case inspect = "inspected"
    case map = "mapped"
    case read = "read"
    case create = "created"
    case write = "written"
    case synchronize = "brought to the disk"
    case rename = "put in its place"
  }

  /// A step of reading failed; `code` is the system's `errno`.
  case unreadable(Step, code: Int32)
  /// A folder within the one that is listed cannot be.
  case unreadableFolder(String, code: Int32)
  /// It is a folder, a device or a pipe.
  case notRegular
  /// A step of writing failed; what was there before is untouched.
  case unwritable(Step, code: Int32)
  /// It does not end as a zip archive does.
  case noZipDirectory
  /// It ends before what it announces.
  case truncated(String)
  /// It contradicts itself or its format.
  case damaged(String)
  /// It is sound, but uses something that is not read.
  case unsupported(String)
  /// A library that reading it takes is missing.
  case unavailable(String)

  /// Nothing has this name.
  public var isMissing: Bool { self == .unreadable(.open, code: ENOENT) }

  /// What the system says about an `errno`.
  public static func systemMessage(for code: Int32) -> String { String(cString: strerror(code)) }
}

extension FileError: CustomStringConvertible {
  /// What follows the file's name in a sentence, such as `cannot be opened: Permission denied`.
  public var description: String {
    switch self {
    case .unreadable(let step, let code), .unwritable(let step, let code):
      "cannot be \(step.rawValue): \(Self.systemMessage(for: code))"
    case .unreadableFolder(let folder, let code):
      "cannot be listed: its folder \(folder) cannot be opened: \(Self.systemMessage(for: code))"
    case .notRegular: "is not a regular file"
    case .noZipDirectory: "is truncated: the zip directory is missing"
    case .truncated(let what): "is truncated: \(what)"
    case .damaged(let what): "is damaged: \(what)"
    case .unsupported(let what), .unavailable(let what): what
    }
  }
}
