/// The rows of a dense matrix as floats, whatever they are stored as.
package struct DecodedRows: @unchecked Sendable {
  // Safe to share: only reads the file, which it keeps.
  private let file: StoredWeights
  private let encoding: Graph.Encoding
  private let columns: Int
  private let stored, scales, offsets: UnsafeRawBufferPointer?

  /// - Precondition: the constant is a matrix of the program, dense in f32, bf16, f16 or s8, or in u4.
  package init(of constant: Graph.Constant, in file: StoredWeights) {
    (self.file, encoding, columns) = (file, constant.encoding, constant.shape[1])
    stored = file.tensor(constant.name)
    let type = constant.encoding.type
    scales = type == .int8 || type == .uint4 ? file.tensor("\(constant.name).scales") : nil
    offsets = type == .uint4 ? file.tensor("\(constant.name).offsets") : nil
  }

  /// Writes the floats of one row.
  package func decode(row: Int, into floats: UnsafeMutablePointer<Float>) {
    guard let stored else { return }
    let first = row * columns
    switch encoding.type {
    case .float32:
      let elements = stored.bindMemory(to: Float.self)
      for i in 0..<columns { floats[i] = elements[first + i] }
    case .bfloat16:
      let elements = stored.bindMemory(to: UInt16.self)
      for i in 0..<columns { floats[i] = BFloat16.float(of: elements[first + i]) }
    case .float16:
      let elements = stored.bindMemory(to: Float16.self)
      for i in 0..<columns { floats[i] = Float(elements[first + i]) }
    case .int8:
      let (elements, scale) = (stored.bindMemory(to: Int8.self), scales?.bindMemory(to: Float.self)[row] ?? .nan)
      for i in 0..<columns { floats[i] = scale * Float(elements[first + i]) }
    case .uint4: decodeGroups(first, into: floats)
    case .uint8, .int64: preconditionFailure("\(encoding.type.rawValue) is no type of weights")
    }
  }

  private func decodeGroups(_ first: Int, into floats: UnsafeMutablePointer<Float>) {
    guard let codes = stored, let size = encoding.scaleGroup, let scales = scales?.bindMemory(to: Float16.self),
      let offsets = offsets?.bindMemory(to: Float16.self)
    else { return }
    for start in stride(from: 0, to: columns, by: size) {
      let group = (first + start) / size
      let (scale, offset) = (Float(scales[group]), Float(offsets[group]))
      for i in stride(from: start, to: start + size, by: 2) {
        let pair = codes[(first + i) / 2]
        floats[i] = offset + scale * Float(pair & 15)
        floats[i + 1] = offset + scale * Float(pair >> 4)
      }
    }
  }
}

extension StoredWeights {
  /// The weights of some rows of a dense matrix as floats, row-major.
  ///
  /// - Precondition: the constant is such a matrix of this program.
  package func decodedRows(_ rows: Range<Int>, of constant: Graph.Constant) -> [Float] {
    let columns = constant.shape[1]
    let matrix = DecodedRows(of: constant, in: self)
    return [Float](unsafeUninitializedCapacity: rows.count * columns) { floats, initializedCount in
      if let start = floats.baseAddress {
        for row in rows { matrix.decode(row: row, into: start + (row - rows.lowerBound) * columns) }
      }
      initializedCount = rows.count * columns
    }
  }
}
