/// A loop over the indices of a shape in which each operand moves by its own strides, in elements.
struct StridedLoop: Equatable {
  var shape: [Int]
  /// For each operand, one stride an axis.
  var strides: [[Int]]

  /// The strides of neighbouring elements in row-major order.
  static func contiguousStrides(of shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// The strides that read a tensor as if it had the shape `target`: 0 along repeated axes.
  static func broadcastStrides(of layout: ValueLayout, to target: [Int]) -> [Int] {
    let missing = target.count - layout.shape.count
    return target.indices.map { axis in
      axis < missing || layout.shape[axis - missing] == 1 ? 0 : layout.strides[axis - missing]
    }
  }

  /// The same loop with as few axes as possible, and at least one: axes of length 1 go, and an axis joins the next where
  /// all operands step over both evenly.
  func simplified() -> StridedLoop {
    var short: [Int] = []
    var moves: [[Int]] = strides.map { _ in [] }
    for axis in shape.indices where shape[axis] != 1 {
      let last = short.count - 1
      let joins = last >= 0 && strides.indices.allSatisfy { moves[$0][last] == shape[axis] * strides[$0][axis] }
      if joins {
        short[last] *= shape[axis]
        for operand in strides.indices { moves[operand][last] = strides[operand][axis] }
      } else {
        short.append(shape[axis])
        for operand in strides.indices { moves[operand].append(strides[operand][axis]) }
      }
    }
    if short.isEmpty { return StridedLoop(shape: [1], strides: strides.map { _ in [1] }) }
    return StridedLoop(shape: short, strides: moves)
  }

  /// The same loop with the axes in the order of an operand's strides, the longest first, and axes of length 1 left out.
  func ordered(by operand: Int) -> StridedLoop {
    let steps = strides[operand]
    let axes = shape.indices.filter { shape[$0] > 1 }.sorted { (steps[$1], $0) < (steps[$0], $1) }
    return StridedLoop(shape: axes.map { shape[$0] }, strides: strides.map { strides in axes.map { strides[$0] } })
  }

  /// Where an operand stands at the `row`-th index over all axes but the last.
  func offset(ofRow row: Int, operand: Int) -> Int {
    var rest = row
    var offset = 0
    for axis in shape.indices.dropLast().reversed() {
      offset += rest % shape[axis] * strides[operand][axis]
      rest /= shape[axis]
    }
    return offset
  }

  /// The number of indices over all axes but the last.
  var rows: Int { shape.dropLast().reduce(1, *) }
}
