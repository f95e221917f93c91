import Foundation
import SwiftletFiles

extension JSONValue {
  /// The object that fills a file, such as a `config.json`.
  ///
  /// - Throws: ``CheckpointError`` with the file's name, if it cannot be read or is no object.
  package init(contentsOf url: URL) throws(CheckpointError) {
    self = try naming(url.path) { () throws(CheckpointError) in
      let file = try MappedFile.checkpoint(url.path)
      guard file.bytes.count <= SafetensorsHeader.sizeLimit else {
        throw CheckpointError(.damaged, "is damaged: no such file has \(file.bytes.count) bytes")
      }
      return .object(try Self.checkpointMembers(of: file.bytes))
    }
  }

  /// The members of the object that a part of a checkpoint's file is.
  static func checkpointMembers(
    of bytes: UnsafeRawBufferPointer
  ) throws(CheckpointError) -> [(key: String, value: JSONValue)] {
    do { return try members(of: bytes) } catch { throw CheckpointError(FileError(error)) }
  }
}
