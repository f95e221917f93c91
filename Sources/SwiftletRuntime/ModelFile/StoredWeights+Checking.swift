extension StoredWeights {
  /// Checks the numbers that a kernel would trust: indices, scales and offsets. The pages that it reads are given back
  /// on the way, so that a model larger than memory can be opened.
  func check(_ constant: Graph.Constant) throws(ModelFileError) {
    if case .grouped = constant.encoding {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float16.self)
      let offsets = tensor("\(constant.name).offsets").bindMemory(to: Float16.self)
      // A group of equal weights has a scale of 0.
      guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }), offsets.allSatisfy(\.isFinite) else {
        throw .damaged(
          path: container.path, reason: "a scale of \(constant.name) is below 0, or one or an offset is no number")
      }
    }
    if constant.encoding.type == .int8 {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float.self)
      guard scales.allSatisfy({ $0.isNormal && $0 > 0 }) else {
        throw .damaged(path: container.path, reason: "a scale of \(constant.name) is not above 0")
      }
      let weights = tensor(constant.name)
      for start in stride(from: 0, to: weights.count, by: Self.bytesAtATime) {
        // 0x80 is -128, which kernels that pair 8-bit products cannot hold.
        let part = start..<min(start + Self.bytesAtATime, weights.count)
        guard !UnsafeRawBufferPointer(rebasing: weights[part]).contains(0x80) else {
          throw .damaged(path: container.path, reason: "a weight of \(constant.name) is -128, expected -127...127")
        }
        releasePages(part, ofTensor: constant.name)
      }
    }
    guard let pattern = constant.encoding.pattern, !pattern.isDense else { return }
    let rowsAtATime = max(1, Self.bytesAtATime / max(1, pattern.keptCount(in: constant.shape[1])))
    for first in stride(from: 0, to: constant.shape[0], by: rowsAtATime) {
      let indices = indices(
        ofRows: first..<min(first + rowsAtATime, constant.shape[0]), of: constant, pattern)
      for start in stride(from: 0, to: indices.count, by: pattern.kept) {
        var last = -1
        for i in start..<start + pattern.kept {
          let index = Int(indices[i])
          guard index > last, index < pattern.group else {
            throw .damaged(
              path: container.path, reason: "an index of \(constant.name) is out of order or not below \(pattern.group)"
            )
          }
          last = index
        }
      }
    }
    releasePages(ofTensor: "\(constant.name).indices")
  }

  private static let bytesAtATime = 1 << 20

  /// The place in its group of each kept weight of some rows, one byte each.
  func indices(ofRows rows: Range<Int>, of constant: Graph.Constant, _ pattern: SparsityPattern) -> [UInt8] {
    let kept = pattern.keptCount(in: constant.shape[1])
    return [UInt8](unsafeUninitializedCapacity: rows.count * kept) { values, initializedCount in
      initializedCount = rows.count * kept
      BitPacking.unpack(
        tensor("\(constant.name).indices"), bits: pattern.indexBits, skipping: rows.lowerBound * kept,
        into: UnsafeMutableBufferPointer(rebasing: values[0..<initializedCount]))
    }
  }

  /// Gives back the pages of a tensor, or of some bytes of it: they are loaded again when they are touched.
  func releasePages(_ bytes: Range<Int>? = nil, ofTensor name: String) {
    guard let place = ranges[name] else { return }
    container.content.releasePages(
      bytes.map { place.lowerBound + $0.lowerBound..<place.lowerBound + $0.upperBound } ?? place)
  }
}
