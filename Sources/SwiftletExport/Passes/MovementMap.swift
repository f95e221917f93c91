import SwiftletRuntime

extension Network {
  /// The one value or constant that a value's elements come from through movement alone; the value itself where
  /// something computes it.
  func movementSource(of name: String) -> String? {
    guard let node = producer(of: name), node.operation.onlyMovesElements else { return name }
    let sources = Set(node.inputs.map { movementSource(of: $0) })
    return sources.count == 1 ? sources.first ?? nil : nil
  }

  /// For each element of `name`, row-major at this batch size, the position of the element of `source` that it is.
  ///
  /// - Precondition: `source` is the movement source of `name`.
  func movementMap(of name: String, from source: String, batch: Int) -> [Int32] {
    var known: [String: [Int32]] = [:]
    return movementMap(of: name, from: source, batch, &known)
  }

  private func movementMap(
    of name: String, from source: String, _ batch: Int, _ known: inout [String: [Int32]]
  ) -> [Int32] {
    if let map = known[name] { return map }
    let map = newMovementMap(of: name, from: source, batch, &known)
    known[name] = map
    return map
  }

  private func newMovementMap(
    of name: String, from source: String, _ batch: Int, _ known: inout [String: [Int32]]
  ) -> [Int32] {
    func lengths(_ name: String) -> [Int] { (shape(of: name) ?? []).map { $0.length(batch: batch) } }
    guard name != source, let node = producer(of: name) else {
      return Array(0..<Int32(lengths(source).reduce(1, *)))
    }
    let parts = node.inputs.map { (map: movementMap(of: $0, from: source, batch, &known), lengths: lengths($0)) }
    let target = lengths(name)
    var strides = Self.strides(of: parts[0].lengths)
    if let permute = node.operation.as(Graph.Permute.self) {
      return Self.gather(parts[0].map, target, permute.order.map { strides[$0] })
    }
    if node.operation.is(Graph.Expand.self) {
      let missing = target.count - strides.count
      let moves = target.indices.map { axis in
        axis < missing || parts[0].lengths[axis - missing] == 1 ? 0 : strides[axis - missing]
      }
      return Self.gather(parts[0].map, target, moves)
    }
    if let slice = node.operation.as(Graph.Slice.self) {
      return Self.gather(
        parts[0].map, target, strides, from: slice.start.length(batch: batch) * strides[slice.axis])
    }
    if let select = node.operation.as(Graph.Select.self) {
      let stride = strides.remove(at: select.axis)
      return Self.gather(parts[0].map, target, strides, from: select.index.length(batch: batch) * stride)
    }
    if let join = node.operation.as(Graph.Concatenate.self) {
      let outer = target[..<join.axis].reduce(1, *)
      let runs = parts.map { (map: $0.map, length: $0.lengths[join.axis...].reduce(1, *)) }
      return (0..<outer).flatMap { row in runs.flatMap { $0.map[row * $0.length..<(row + 1) * $0.length] } }
    }
    return parts[0].map  // a reshape
  }

  private static func strides(of lengths: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: lengths.count)
    for axis in lengths.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * lengths[axis + 1] }
    return strides
  }

  /// The elements of `x` at the positions that `strides` reach, counting through `lengths`.
  private static func gather(_ x: [Int32], _ lengths: [Int], _ strides: [Int], from start: Int = 0) -> [Int32] {
    guard let width = lengths.last, let step = strides.last else { return [x[start]] }
    var result: [Int32] = []
    result.reserveCapacity(lengths.reduce(1, *))
    for row in 0..<lengths.dropLast().reduce(1, *) {
      var (rest, position) = (row, start)
      for axis in lengths.indices.dropLast().reversed() {
        position += rest % lengths[axis] * strides[axis]
        rest /= lengths[axis]
      }
      for column in 0..<width { result.append(x[position + column * step]) }
    }
    return result
  }
}
