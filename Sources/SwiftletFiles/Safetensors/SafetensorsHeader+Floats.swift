extension SafetensorsHeader.ElementType {
  /// Decodes floats of 32 or 16 bits, bit for bit.
  ///
  /// - Precondition: these are such floats, and `stored` holds as many as `elements` has room for.
  public func decode(_ stored: UnsafeRawBufferPointer, into elements: UnsafeMutableBufferPointer<Float>) {
    precondition(
      stored.count == elements.count * byteCount,
      "ElementType.decode: \(stored.count) bytes are not \(elements.count) elements of type \(rawValue)")
    switch self {
    case .float32:
      for i in elements.indices { elements[i] = Float(bitPattern: stored.little(UInt32.self, at: 4 * i)) }
    case .float16:
      for i in elements.indices { elements[i] = HalfPrecision.float(half: stored.little(UInt16.self, at: 2 * i)) }
    case .bfloat16:
      for i in elements.indices { elements[i] = HalfPrecision.float(bfloat16: stored.little(UInt16.self, at: 2 * i)) }
    case .float64, .int64, .int32, .int16, .int8, .uint8, .bool:
      preconditionFailure("ElementType.decode: \(rawValue) is not decoded to floats, F32, F16 and BF16 are")
    }
  }
}
