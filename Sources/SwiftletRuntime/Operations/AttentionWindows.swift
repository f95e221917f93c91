import SwiftletFiles

extension Graph {
  /// Square windows of a square map of tokens, which attention cuts the map into.
  ///
  /// Token (r, c) of window (i, j) is token ((i size + r + shift) mod side, (j size + c + shift) mod side) of the map.
  /// Where the shift takes some tokens of a window across the map's border and others not, -100 is added to the scores
  /// between them. Source: Liu et al., "Swin Transformer" (2021), section 3.2.
  public struct AttentionWindows: Hashable, Sendable {
    /// Tokens of a side of the map, a multiple of `size`.
    public var side: Int
    /// Tokens of a side of a window.
    public var size: Int
    /// 0 to `size - 1`.
    public var shift: Int
    /// A constant `[(2 size - 1)², heads]`, added to the scores: row `(down + size - 1) (2 size - 1) + right + size - 1`
    /// for a query that is `down` and `right` of a key.
    public var biases: String?

    public init(side: Int, size: Int, shift: Int = 0, biases: String? = nil) {
      (self.side, self.size, self.shift, self.biases) = (side, size, shift, biases)
    }

    /// Windows of a map, and tokens of a window.
    public var count: Int { (side / size) * (side / size) }
    public var tokens: Int { size * size }
  }
}

extension Graph.AttentionWindows {
  /// Row and column of a token in its map; not below `side` where the shift took it across the border.
  public func place(ofToken token: Int, inWindow window: Int) -> (row: Int, column: Int) {
    let windows = side / size
    return (
      window / windows * size + token / size + shift, window % windows * size + token % size + shift
    )
  }

  /// Which borders of the map the shift took a token across: 1 for the lower, 2 for the right one.
  public func crossing(ofToken token: Int, inWindow window: Int) -> Int {
    let (row, column) = place(ofToken: token, inWindow: window)
    return (row >= side ? 1 : 0) + (column >= side ? 2 : 0)
  }

  /// The row of `biases` for two tokens of a window.
  public func offsetRow(query: Int, key: Int) -> Int {
    let (down, right) = (query / size - key / size, query % size - key % size)
    return (down + size - 1) * (2 * size - 1) + right + size - 1
  }
}

extension Graph.AttentionWindows: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case side, size, shift, biases }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    side = try container.decode(Int.self, forKey: .side)
    size = try container.decode(Int.self, forKey: .size)
    shift = try container.decode(Int.self, forKey: .shift)
    biases = try container.decodeIfPresent(String.self, forKey: .biases)
  }
}
