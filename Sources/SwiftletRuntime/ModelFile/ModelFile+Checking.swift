extension ModelFile {
  /// Checks the numbers that a kernel would trust: indices, scales and offsets.
  func check(_ constant: Graph.Constant) throws(ModelFileError) {
    if case .grouped = constant.encoding {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float16.self)
      let offsets = tensor("\(constant.name).offsets").bindMemory(to: Float16.self)
      // A group of equal weights has a scale of 0.
      guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }), offsets.allSatisfy(\.isFinite) else {
        throw .damaged(path: path, reason: "a scale of \(constant.name) is below 0, or one or an offset is no number")
      }
    }
    if constant.encoding.type == .int8 {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float.self)
      guard scales.allSatisfy({ $0.isNormal && $0 > 0 }) else {
        throw .damaged(path: path, reason: "a scale of \(constant.name) is not above 0")
      }
      // 0x80 is -128, which kernels that pair 8-bit products cannot hold.
      guard !tensor(constant.name).contains(0x80) else {
        throw .damaged(path: path, reason: "a weight of \(constant.name) is -128, expected -127...127")
      }
    }
    guard let pattern = constant.encoding.pattern, !pattern.isDense else { return }
    let indices = indices(of: constant, pattern)
    for start in stride(from: 0, to: indices.count, by: pattern.kept) {
      var last = -1
      for i in start..<start + pattern.kept {
        let index = Int(indices[i])
        guard index > last, index < pattern.group else {
          throw .damaged(
            path: path, reason: "an index of \(constant.name) is out of order or not below \(pattern.group)")
        }
        last = index
      }
    }
  }

  /// The place in its group of each kept weight, one byte each.
  func indices(of constant: Graph.Constant, _ pattern: SparsityPattern) -> [UInt8] {
    let count = constant.shape[0] * pattern.keptCount(in: constant.shape[1])
    return [UInt8](unsafeUninitializedCapacity: count) { values, initializedCount in
      BitPacking.unpack(
        tensor("\(constant.name).indices"), bits: pattern.indexBits,
        into: UnsafeMutableBufferPointer(rebasing: values[0..<count]))
      initializedCount = count
    }
  }
}
