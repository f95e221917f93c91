import CSwiftletKernels

extension Graph {
  /// The states in which attention keeps the keys and values of earlier tokens, in tiles that it reads where they lie.
  ///
  /// A tile holds 32 positions: of keys the positions are neighbours, of values the elements of one, 16 at a time.
  /// `swl_cache.h` says so in full. Elements are f32, bf16 or f16.
  ///
  /// ```swift
  /// let cache = Graph.HeadCache(heads: 8, width: 128, capacity: 4096)
  /// graph.appendState("keys", type: .bfloat16, shape: cache.keyShape)
  /// graph.appendState("values", type: .bfloat16, shape: cache.valueShape)
  /// ```
  public struct HeadCache: Hashable, Sendable {
    /// Samples, heads of keys, and the width of one.
    public let batch, heads, width: Int
    /// Positions, a multiple of 32.
    public let capacity: Int

    /// - Parameter capacity: positions that there is room for, rounded up to whole tiles.
    public init(batch: Int = 1, heads: Int, width: Int, capacity: Int) {
      (self.batch, self.heads, self.width) = (batch, heads, width)
      self.capacity = (capacity + Self.tile - 1) / Self.tile * Self.tile
    }

    public var keyShape: [Int] { [batch, heads, capacity / Self.tile, width, Self.tile] }
    public var valueShape: [Int] {
      [batch, heads, capacity / Self.tile, (width + Self.part - 1) / Self.part, Self.tile, Self.part]
    }

    static let tile = Int(SWL_CACHE_TILE)
    static let part = Int(SWL_CACHE_PART)

    /// The types that its elements may have.
    static let types: [ElementType] = [.float32, .bfloat16, .float16]
  }
}

extension Graph.HeadCache {
  /// A cache whose keys have this shape; nil where it is none.
  init?(keys shape: Graph.Shape) {
    let lengths = shape.compactMap(\.fixedLength)
    guard lengths.count == 5, shape.count == 5, lengths[4] == Self.tile else { return nil }
    self.init(batch: lengths[0], heads: lengths[1], width: lengths[3], capacity: lengths[2] * Self.tile)
  }

  /// A cache of heads of a width whose values have this shape.
  init?(values shape: Graph.Shape, width: Int) {
    let lengths = shape.compactMap(\.fixedLength)
    guard lengths.count == 6, shape.count == 6 else { return nil }
    self.init(batch: lengths[0], heads: lengths[1], width: width, capacity: lengths[2] * Self.tile)
    guard lengths == valueShape else { return nil }
  }

  func kernel(_ type: Graph.ElementType) -> swl_cache {
    swl_cache(
      type: type == .float32 ? SWL_CACHE_F32 : type == .bfloat16 ? SWL_CACHE_BF16 : SWL_CACHE_F16, batch: batch,
      heads: heads, width: width, capacity: capacity)
  }
}
