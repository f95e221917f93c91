import SwiftletFiles

/// Writes GGUF files for tests, sound ones and forged ones: every part may be replaced by bytes.
public struct GGUFBuilder {
  public var magic = Array("GGUF".utf8)
  public var version: UInt32 = 3
  public var alignment = 32
  /// Keys with the code of their type and the bytes behind it.
  public var keys: [(name: String, type: UInt32, bytes: [UInt8])] = []
  /// Tensors with the extents as the file has them, the fastest first.
  public var tensors: [(name: String, extents: [UInt64], type: UInt32, bytes: [UInt8])] = []
  /// In place of the numbers that follow from the lists.
  public var tensorCount, keyCount: UInt64?
  /// In place of the offsets that follow from the tensors.
  public var offsets: [UInt64]?

  public init() {}

  public static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  public static func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

  public mutating func set(_ key: String, _ text: String) { keys.append((key, 8, Self.text(text))) }
  public mutating func set(_ key: String, _ number: UInt32) { keys.append((key, 4, Self.little(number))) }
  public mutating func set(_ key: String, float number: Float) { keys.append((key, 6, Self.little(number.bitPattern))) }
  public mutating func set(_ key: String, _ flag: Bool) { keys.append((key, 7, [flag ? 1 : 0])) }
  public mutating func set(_ key: String, _ texts: [String]) {
    keys.append((key, 9, Self.little(UInt32(8)) + Self.little(UInt64(texts.count)) + texts.flatMap(Self.text)))
  }

  /// Floats in the given order, `shape` with the slowest axis first.
  public mutating func add(_ name: String, shape: [Int], _ values: [Float]) {
    tensors.append((name, shape.reversed().map { UInt64($0) }, 0, values.flatMap { Self.little($0.bitPattern) }))
  }

  public var bytes: [UInt8] {
    var head = magic + Self.little(version)
    head += Self.little(tensorCount ?? UInt64(tensors.count)) + Self.little(keyCount ?? UInt64(keys.count))
    for key in keys { head += Self.text(key.name) + Self.little(key.type) + key.bytes }
    var data: [UInt8] = []
    for (index, tensor) in tensors.enumerated() {
      data += [UInt8](repeating: 0, count: -data.count & (alignment - 1))
      head += Self.text(tensor.name) + Self.little(UInt32(tensor.extents.count)) + tensor.extents.flatMap(Self.little)
      head += Self.little(tensor.type) + Self.little(offsets?[index] ?? UInt64(data.count))
      data += tensor.bytes
    }
    return head + [UInt8](repeating: 0, count: -head.count & (alignment - 1)) + data
  }
}
