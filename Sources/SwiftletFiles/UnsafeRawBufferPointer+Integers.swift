extension UnsafeRawBufferPointer {
  /// A little-endian integer at `offset`, which must lie inside.
  public func little<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// A big-endian integer at `offset`, which must lie inside.
  public func big<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
