/// Where the elements of a value lie: element `[i, j, …]` is element `offset + i * strides[0] + j * strides[1] + …` of the
/// memory that the value shares.
struct ValueLayout: Hashable, Sendable {
  private(set) var shape: [Int]
  /// In elements, as the strides.
  private(set) var strides: [Int]
  private(set) var offset: Int
  /// Whether the channels of `[batch, channels, height, width]` are meant to be innermost; the strides say where they are.
  let isChannelsLast: Bool

  /// In row-major order, without gaps.
  init(packed shape: [Int], offset: Int = 0) {
    (self.shape, self.strides, self.offset) = (shape, StridedLoop.contiguousStrides(of: shape), offset)
    isChannelsLast = false
  }

  /// In the order batch, height, width, channels, without gaps.
  init(channelsLast shape: [Int]) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    (self.shape, offset) = (shape, 0)
    strides = [channels * height * width, 1, width * channels, channels]
    isChannelsLast = true
  }

  private init(shape: [Int], strides: [Int], offset: Int) {
    (self.shape, self.strides, self.offset, isChannelsLast) = (shape, strides, offset, false)
  }

  /// Whether both put each element in the same place; strides of axes of length 1 mean nothing.
  func coincides(with other: Self) -> Bool {
    shape == other.shape && offset == other.offset
      && shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == other.strides[$0] }
  }
}

// MARK: Parts and other shapes of the same elements

extension ValueLayout {
  /// The same steps from another first element.
  func moved(to offset: Int) -> Self {
    var moved = self
    moved.offset = offset
    return moved
  }

  /// A range of an axis.
  ///
  /// - Precondition: the range lies in the axis.
  func narrowed(_ axis: Int, to range: Range<Int>) -> Self {
    var part = self
    part.offset += range.lowerBound * strides[axis]
    part.shape[axis] = range.count
    return part
  }

  /// Without an axis of length 1.
  func removing(_ axis: Int) -> Self {
    var (shape, strides) = (shape, strides)
    shape.remove(at: axis)
    strides.remove(at: axis)
    return Self(shape: shape, strides: strides, offset: offset)
  }

  /// The same elements in the same order under another shape; nil where an axis of it would not step evenly.
  ///
  /// - Precondition: the shape has as many elements.
  func reshaped(to target: [Int]) -> Self? {
    let runs = StridedLoop(shape: shape, strides: [strides]).simplified()
    var other = Self(packed: target, offset: offset)
    var axis = target.count - 1
    for run in runs.shape.indices.reversed() {
      var (left, stride) = (runs.shape[run], runs.strides[0][run])
      while left > 1 {
        guard left % target[axis] == 0 else { return nil }
        other.strides[axis] = stride
        stride *= target[axis]
        left /= target[axis]
        axis -= 1
      }
    }
    return other
  }
}

// MARK: What kernels cope with

extension ValueLayout {
  /// Whether kernels that ask for this find the elements.
  func allows(_ access: Graph.Access) -> Bool {
    switch access {
    case .packed: liesTogether(shape.indices)
    case .rows:
      liesTogether(shape.indices.suffix(1))
        && StridedLoop(shape: shape.dropLast(), strides: [strides.dropLast()]).simplified().shape.count == 1
    case .lines: inMemoryOrder(channelsLast: isChannelsLast).hasWholeLines
    case .planes: liesTogether(shape.indices.suffix(2))
    case .channelsLast: inMemoryOrder(channelsLast: true).allows(.rows)
    case .any: true
    }
  }

  /// Whether the elements are in the order that is meant, without gaps.
  var isDense: Bool { inMemoryOrder(channelsLast: isChannelsLast).allows(.packed) }

  /// The same elements with the axes in the order in which they lie: `[batch, height, width, channels]`, or as they are.
  private func inMemoryOrder(channelsLast: Bool) -> Self {
    if !channelsLast { return self }
    guard shape.count == 4 else { return Self(shape: shape, strides: strides, offset: offset) }
    let order = [0, 2, 3, 1]
    return Self(shape: order.map { shape[$0] }, strides: order.map { strides[$0] }, offset: offset)
  }

  /// Whether neighbours along these axes are neighbours in memory.
  private func liesTogether(_ axes: Range<Int>) -> Bool {
    let loop = StridedLoop(shape: Array(shape[axes]), strides: [Array(strides[axes])]).simplified()
    return loop.shape.count == 1 && (loop.shape[0] == 1 || loop.strides[0][0] == 1)
  }

  private var hasWholeLines: Bool { shape.indices.last { shape[$0] > 1 }.map { strides[$0] == 1 } ?? true }

  /// How far the channels of neighbouring positions lie apart.
  ///
  /// - Precondition: it allows `channelsLast`.
  var positionStride: Int { inMemoryOrder(channelsLast: true).rowStride }

  /// How far rows along the last axis lie apart.
  ///
  /// - Precondition: it allows `rows`.
  var rowStride: Int {
    let outer = StridedLoop(shape: shape.dropLast(), strides: [strides.dropLast()]).simplified()
    return outer.shape[0] > 1 ? outer.strides[0][0] : shape[shape.count - 1]
  }
}
