import CSwiftletMedia

/// Why a picture could not be read or written. Its description is one sentence that says what to do where something can be done.
public enum MediaError: Error, Hashable, Sendable {
  /// FFmpeg is not installed, or lacks what this picture takes.
  case missingLibrary(String)
  /// The bytes are in no format that is read.
  case notAnImage(String)
  /// The format is known, this variant of it is not read.
  case unsupported(String)
  /// More pixels than ``ImageDecoder/mostPixels``, or more on a side than ``ImageDecoder/longestSide``.
  case tooLarge(String)
  /// Damaged or cut off.
  case corrupt(String)
  case outOfMemory(String)
  /// The file cannot be opened or written.
  case file(String)
}

extension MediaError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingLibrary(let text), .notAnImage(let text), .unsupported(let text), .tooLarge(let text),
      .corrupt(let text), .outOfMemory(let text), .file(let text):
      text
    }
  }

  /// The same error with `place` in front, such as a file's name.
  public func located(at place: String) -> MediaError {
    switch self {
    case .missingLibrary: self
    case .notAnImage(let text): .notAnImage("\(place): \(text)")
    case .unsupported(let text): .unsupported("\(place): \(text)")
    case .tooLarge(let text): .tooLarge("\(place): \(text)")
    case .corrupt(let text): .corrupt("\(place): \(text)")
    case .outOfMemory(let text): .outOfMemory("\(place): \(text)")
    case .file(let text): .file("\(place): \(text)")
    }
  }

  /// Throws what the shim reported.
  static func check(_ status: swm_status, _ error: swm_error) throws(MediaError) {
    if status == SWM_OK { return }
    let text = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch status {
    case SWM_MISSING_LIBRARY: throw .missingLibrary(text)
    case SWM_NOT_AN_IMAGE: throw .notAnImage(text)
    case SWM_UNSUPPORTED: throw .unsupported(text)
    case SWM_TOO_LARGE: throw .tooLarge(text)
    case SWM_OUT_OF_MEMORY: throw .outOfMemory(text)
    default: throw .corrupt(text)
    }
  }
}
