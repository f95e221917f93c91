import Foundation

@testable import SwiftletRuntime

/// A model file taken apart, so that tests can alter it and put it together again with checksums that match.
struct Forgery {
  var header: [String: Any]
  var data: [UInt8]

  init(_ bytes: [UInt8]) throws {
    let length = Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    let json = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))
    header = json as? [String: Any] ?? [:]
    data = Array(bytes[(8 + length)...])
  }

  var metadata: [String: String] {
    get { header["__metadata__"] as? [String: String] ?? [:] }
    set { header["__metadata__"] = newValue }
  }

  /// One field of a tensor's entry.
  subscript(tensor: String, field: String) -> Any? {
    get { (header[tensor] as? [String: Any])?[field] }
    set {
      var entry = header[tensor] as? [String: Any] ?? [:]
      entry[field] = newValue
      header[tensor] = entry
    }
  }

  /// Where a tensor lies in `data`.
  func range(of tensor: String) -> Range<Int> {
    let offsets = self[tensor, "data_offsets"] as? [Int] ?? [0, 0]
    return offsets[0]..<offsets[1]
  }

  mutating func sign() {
    metadata["swiftlet.data.crc32c"] = ModelContainer.checksum(of: data)
    metadata["swiftlet.graph.crc32c"] = ModelContainer.checksum(of: Array((metadata["swiftlet.graph"] ?? "").utf8))
  }

  func bytes() throws -> [UInt8] {
    var json = [UInt8](try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys]))
    json += [UInt8](repeating: 0x20, count: -(json.count + 8) & 63)
    return rawBytes(of: [UInt64(json.count)]) + json + data
  }
}
