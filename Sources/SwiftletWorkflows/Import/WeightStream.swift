import SwiftletFiles

/// Writes tensors into a safetensors file, one after the other, a few rows at a time: memory does not grow with the model.
struct WeightStream {
  /// What the tensors come from, by its path.
  let source: String
  /// What all elements become; nil leaves each tensor its own type.
  var precision: ImportPrecision?
  /// Elements that are in memory at once, a whole row at least.
  var chunk = 1 << 20
  /// Called with the bytes of weights that are written, and those of all.
  var observer: ((_ done: Int, _ total: Int) -> Void)?

  /// - Returns: Bytes of the weights.
  /// - Throws: ``ImportError`` for an element that is no finite number, or none in the type that it is
  ///   written in; `FileError` where the file cannot be written.
  func write(_ tensors: [ImportedTensor], to file: AtomicFile) throws -> Int {
    // Readers of other programs ask for the format.
    let (header, order) = SafetensorsHeader.packed(
      tensors.map { ($0.name, precision?.elementType ?? $0.type, $0.shape) }, metadata: ["format": "pt"])
    try file.write(header.encoded())
    let total = header.entries.reduce(0) { $0 + $1.place.count }
    var done = 0
    for index in order {
      let tensor = tensors[index]
      let rows = max(1, chunk / max(1, tensor.rowLength))
      for start in stride(from: 0, to: tensor.rowCount, by: rows) {
        done += try write(tensor, start..<min(start + rows, tensor.rowCount), as: header.entries[index].type, to: file)
        // Now and not at the tensor's end: a table of many tokens alone may be larger than the memory.
        tensor.release()
        observer?(done, total)
      }
    }
    return total
  }

  private func write(
    _ tensor: ImportedTensor, _ rows: Range<Int>, as type: SafetensorsHeader.ElementType, to file: AtomicFile
  ) throws -> Int {
    let count = rows.count * tensor.rowLength
    return try withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { elements in
      elements.initialize(repeating: .nan)
      try tensor.read(rows, elements)
      switch type {
      case .float16, .bfloat16:
        let narrow = type == .float16 ? HalfPrecision.half : HalfPrecision.bfloat16
        return try withUnsafeTemporaryAllocation(of: UInt16.self, capacity: count) { halves in
          for i in 0..<count {
            guard let half = narrow(elements[i]) else { throw unwritable(elements[i], in: tensor, as: type) }
            halves[i] = half.littleEndian
          }
          try file.write(UnsafeRawBufferPointer(halves))
          return 2 * count
        }
      default:
        for i in 0..<count where !elements[i].isFinite { throw unwritable(elements[i], in: tensor, as: type) }
        try file.write(UnsafeRawBufferPointer(elements))
        return 4 * count
      }
    }
  }

  private func unwritable(
    _ value: Float, in tensor: ImportedTensor, as type: SafetensorsHeader.ElementType
  ) -> ImportError {
    guard value.isFinite else {
      let what = value.isNaN ? "NaN" : "infinity"
      return ImportError(.damaged, "\(tensor.name) holds \(what), which no weight can be", path: source)
    }
    return ImportError(
      .unsupported,
      "\(tensor.name) holds \(value), which is past the range of \(type.rawValue): choose another --dtype",
      path: source)
  }
}
