import SwiftletFiles
import TestSupport
import Testing

@Suite struct SafetensorsHeaderTests {
  private static let header = SafetensorsHeader(
    entries: [
      .init(name: "b \"é\"", type: .bfloat16, shape: [2, 3], place: 4..<16),
      .init(name: "a", type: .float32, shape: [], place: 0..<4),
      .init(name: "none", type: .int8, shape: [0, 5], place: 16..<16),
    ], metadata: ["z": "1", "a": "line\nend"])

  private func read(_ bytes: [UInt8]) throws -> (SafetensorsHeader, dataStart: Int) {
    try bytes.withUnsafeBytes { try SafetensorsHeader.read($0) }
  }

  @Test func `a header reads back`() throws {
    for alignment in [8, 64] {
      let bytes = try Self.header.encoded(alignment: alignment)
      let (header, dataStart) = try read(bytes)
      #expect(header == Self.header && dataStart == bytes.count && dataStart % alignment == 0)
      #expect(throws: Never.self) { try header.checkPlaces(in: 16) }
      #expect(throws: FileError.truncated("b \"é\" ends at byte 16 of 15 that follow the header")) {
        try header.checkPlaces(in: 15)
      }
      #expect(throws: FileError.damaged("3 bytes follow its last tensor")) { try header.checkPlaces(in: 19) }
    }
  }

  /// Hand: the bytes that the format's own library would write.
  @Test func `a header is what the format says`() throws {
    let header = SafetensorsHeader(
      entries: [.init(name: "w", type: .uint8, shape: [3], place: 0..<3)], metadata: ["k": "v"])
    let json = #"{"__metadata__":{"k":"v"},"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#
    #expect(
      try header.encoded() == [80, 0, 0, 0, 0, 0, 0, 0] + Array(json.utf8) + [0x20, 0x20].prefix(80 - json.utf8.count))
  }

  /// Hand: wide elements first, those of one width in the given order.
  @Test func `packed tensors lie where their types may lie, and keep their order`() throws {
    let (header, order) = SafetensorsHeader.packed(
      [
        (name: "flag", type: .bool, shape: [3]), (name: "half", type: .float16, shape: [5]),
        (name: "w", type: .float32, shape: [2, 2]), (name: "none", type: .int64, shape: [0, 7]),
        (name: "one", type: .float32, shape: []),
      ], metadata: ["k": "v"])
    #expect(order == [3, 2, 4, 1, 0] && header.metadata == ["k": "v"])
    #expect(header.entries.map(\.name) == ["flag", "half", "w", "none", "one"])
    #expect(header.entries.map(\.place) == [30..<33, 20..<30, 0..<16, 0..<0, 16..<20])
    #expect(throws: Never.self) { try header.checkPlaces(in: 33) }
  }

  /// Hand: 1, -2, infinity in each type, from an odd address.
  @Test func `plain floats are decoded bit for bit`() {
    for (type, stored) in [
      (.float32, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x7f]), (.float16, [0, 0x3c, 0, 0xc0, 0, 0x7c]),
      (.bfloat16, [0x80, 0x3f, 0, 0xc0, 0x80, 0x7f]),
    ] as [(SafetensorsHeader.ElementType, [UInt8])] {
      var found = [Float](repeating: .nan, count: 4)
      ([7] + stored).withUnsafeBytes { bytes in
        found.withUnsafeMutableBufferPointer {
          type.decode(
            UnsafeRawBufferPointer(rebasing: bytes[1...]), into: UnsafeMutableBufferPointer(rebasing: $0[..<3]))
        }
      }
      #expect(found[..<3] == [1, -2, .infinity] && found[3].isNaN, "\(type)")
    }
  }

  @Test func `what the format cannot hold is refused`() {
    var header = Self.header
    header.entries[1].name = "none"
    #expect(throws: FileError.unsupported("two tensors would be named none")) { try header.encoded() }
    header.entries[1].name = "__metadata__"
    #expect(throws: FileError.unsupported("a tensor cannot be named __metadata__ in this format")) {
      try header.encoded()
    }
  }

  /// A prefix of a header is never read as a whole one.
  @Test func `a header that ends early at any byte is refused`() throws {
    let bytes = try Self.header.encoded()
    for count in 0..<bytes.count {
      #expect(throws: FileError.self, "\(count) bytes") { try read(Array(bytes[..<count])) }
    }
  }

  @Test func `a header with wrong bytes is read or refused`() throws {
    let sound = try Self.header.encoded()
    var random = SplitMix64(seed: 5)
    for _ in 0..<3000 {
      var bytes = sound
      for _ in 0...Int(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      do { try read(bytes).0.checkPlaces(in: 16) } catch { #expect(error is FileError) }
    }
  }
}
