import Foundation

/// A folder that goes when it is let go of.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: "swiftlet-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ bytes: [UInt8], to path: String) throws {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }
}

extension Array where Element == UInt8 {
  /// A hexadecimal text as bytes.
  init(hexadecimal text: String) {
    let digits = [Int](text.compactMap(\.hexDigitValue))
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }
}
