import Foundation

/// The arrays of bytes in a golden safetensors file.
public struct GoldenBytes: Sendable {
  public let arrays: [String: (shape: [Int], bytes: [UInt8])]

  public struct Malformed: Error { public let path: String }

  /// `Goldens/<name>.safetensors` beside the test file.
  public init(_ name: String, besides file: String = #filePath) throws {
    let url = URL(filePath: file).deletingLastPathComponent().appending(path: "Goldens/\(name).safetensors")
    let data = try Data(contentsOf: url)
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    guard data.count >= 8 + length,
      let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: [String: Any]]
    else { throw Malformed(path: url.path) }
    var arrays: [String: (shape: [Int], bytes: [UInt8])] = [:]
    for (name, entry) in header {
      guard let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int] else {
        throw Malformed(path: url.path)
      }
      arrays[name] = (shape, [UInt8](data[8 + length + offsets[0]..<8 + length + offsets[1]]))
    }
    self.arrays = arrays
  }

  public subscript(name: String) -> (shape: [Int], bytes: [UInt8]) {
    get throws {
      guard let array = arrays[name] else { throw Malformed(path: name) }
      return array
    }
  }
}
