/// Weights in 4 bits: every `size` consecutive weights of a row share a scale and an offset, `real = offset + scale * code`.
///
/// The offset is the group's least weight and not the multiple of the scale that a clamped zero point allows: that form
/// spends codes on 0 even where no weight is near it, and cannot store a group that lies on one side of 0 (all of 5 to 6
/// would become about 1). Nor is it symmetric, which leaves codes unused wherever the two ends differ. In kernels the offset
/// costs one sum of inputs a group: `Σ x (offset + scale code) = offset Σ x + scale Σ x code`.
/// Source: Chang et al., "Palu: KV-Cache Compression with Low-Rank Projection" (2025), the quantiser of its kernels.
package enum Int4Groups {
  /// How many weights may share a scale.
  package static let sizes = [32, 64, 128]

  /// The code of each weight, and the scale and offset of each group, in f16.
  ///
  /// The offset is rounded down and the scale up, so that the 16 codes cover the group: a decoded weight is at most half a
  /// scale off.
  /// - Precondition: `size` divides the count, and no weight is greater than the greatest f16.
  static func encode(
    _ weights: UnsafeBufferPointer<Float>, size: Int
  ) -> (codes: [UInt8], scales: [Float16], offsets: [Float16]) {
    var (codes, scales, offsets): ([UInt8], [Float16], [Float16]) = ([], [], [])
    codes.reserveCapacity(weights.count)
    for start in stride(from: 0, to: weights.count, by: size) {
      let group = weights[start..<start + size]
      let (least, greatest) = group.reduce(into: (Float.infinity, -Float.infinity)) { ends, weight in
        ends = (min(ends.0, weight), max(ends.1, weight))
      }
      var offset = Float16(least)
      if Float(offset) > least { offset = offset.nextDown }
      let exact = (Double(greatest) - Double(offset)) / 15
      var scale = Float16(exact)
      if Double(scale) < exact { scale = scale.nextUp }
      codes += group.lazy.map { weight in
        guard scale > 0 else { return 0 }
        return UInt8(min(15, ((Double(weight) - Double(offset)) / Double(scale)).rounded(.toNearestOrEven)))
      }
      scales.append(scale)
      offsets.append(offset)
    }
    return (codes, scales, offsets)
  }
}
