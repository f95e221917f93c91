import SwiftletFiles

/// Reads little-endian values one after the other and never past the end.
struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  let end: Int

  /// - Precondition: `range` lies in `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    (self.bytes, position, end) = (bytes, range.lowerBound, range.upperBound)
  }

  var remaining: Int { end - position }

  /// The place of the next `count` bytes, which are passed over.
  mutating func take(_ count: Int) throws(CheckpointError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw CheckpointError(
        .truncated, "is truncated: \(count) bytes should follow byte \(position), \(remaining) do")
    }
    defer { position += count }
    return position..<position + count
  }

  mutating func skip(_ count: Int) throws(CheckpointError) { _ = try take(count) }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(CheckpointError) -> Value {
    let place = try take(MemoryLayout<Value>.size)
    return bytes.little(type, at: place.lowerBound)
  }

  mutating func byte() throws(CheckpointError) -> UInt8 { try integer(UInt8.self) }

  /// An unsigned integer as a length or an offset.
  mutating func length<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type) throws(CheckpointError) -> Int {
    let value = try integer(type)
    guard let length = Int(exactly: value) else {
      throw CheckpointError(.damaged, "is damaged: it announces \(value) bytes, more than any file has")
    }
    return length
  }

  mutating func text(_ count: Int) throws(CheckpointError) -> String {
    let place = try take(count)
    guard let text = String(validating: bytes[place], as: UTF8.self) else {
      throw CheckpointError(.damaged, "is damaged: the text at byte \(place.lowerBound) is not UTF-8")
    }
    return text
  }

  /// Text up to a line feed, which is passed over.
  mutating func line() throws(CheckpointError) -> String {
    guard let feed = bytes[position..<end].firstIndex(of: 10) else {
      throw CheckpointError(.truncated, "is truncated: the line at byte \(position) does not end")
    }
    let text = try text(feed - position)
    position = feed + 1
    return text
  }
}
