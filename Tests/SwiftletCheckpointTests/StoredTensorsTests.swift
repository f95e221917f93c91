import Foundation
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletCheckpoint

/// Reads weights without libtorch.
@Suite struct StoredTensorsTests {
  /// A safetensors file of int32 vectors or matrices whose elements count up.
  private func write(_ tensors: KeyValuePairs<String, [Int]>, to name: String, in folder: TemporaryFolder) throws {
    var header = SafetensorsHeader()
    var data: [UInt8] = []
    for (name, shape) in tensors {
      let count = shape.reduce(1, *)
      header.entries.append(.init(name: name, type: .int32, shape: shape, place: data.count..<data.count + 4 * count))
      data += (0..<count).flatMap { GGUFBuilder.little(Int32($0)) }
    }
    try folder.write(try header.encoded() + data, to: name)
  }

  private func numbers(_ entry: StoredTensors.Entry, _ rows: Range<Int>) -> [Int32] {
    entry.withBytes(ofRows: rows) { bytes in
      stride(from: 0, to: bytes.count, by: 4).map { bytes.little(Int32.self, at: $0) }
    }
  }

  @Test func `rows of a tensor are read, and read again after its pages were given back`() throws {
    let folder = try TemporaryFolder()
    try write(["a": [3, 2], "b": [], "c": [0, 2]], to: "model.safetensors", in: folder)
    let stored = try StoredTensors(in: CheckpointFiles(at: folder.url))
    #expect(stored.entries.map(\.name) == ["a", "b", "c"])
    #expect(stored.entries.map(\.shape) == [[3, 2], [], [0, 2]])
    for _ in 0..<2 {
      #expect(numbers(stored.entries[0], 1..<3) == [2, 3, 4, 5])
      #expect(numbers(stored.entries[1], 0..<1) == [0])
      #expect(numbers(stored.entries[2], 0..<0) == [])
      for entry in stored.entries { entry.release() }
    }
  }

  @Test func `shards give their tensors in the index's order, and disagreement is told`() throws {
    let folder = try TemporaryFolder()
    let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    try write(["a": [1], "b": [2]], to: first, in: folder)
    try write(["c": [3]], to: second, in: folder)
    func read(_ map: String) throws -> StoredTensors {
      try folder.write(Array("{\"weight_map\": \(map)}".utf8), to: "model.safetensors.index.json")
      return try StoredTensors(in: CheckpointFiles(at: folder.url))
    }
    let sound = try read("{\"c\":\"\(second)\",\"a\":\"\(first)\",\"b\":\"\(first)\"}")
    #expect(sound.entries.map(\.name) == ["c", "a", "b"])
    let error = #expect(throws: CheckpointError.self) {
      try read("{\"c\":\"\(second)\",\"a\":\"\(second)\",\"b\":\"\(first)\"}")
    }
    #expect(
      error?.description.hasSuffix(
        "index.json: does not fit its shards: the index says that \(second) holds a, which it does not, it lies in \(first)"
      )
        ?? false, "\(String(describing: error))")
  }

  @Test func `a file of another format is refused`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("PK nothing".utf8), to: "pytorch_model.bin")
    #expect(throws: CheckpointError.self) { try StoredTensors(in: CheckpointFiles(at: folder.url)) }
  }
}
