import SwiftletTensor

/// How a block cuts its feature map into windows: zeros fill the map up to whole windows, a cyclic shift up and left
/// moves the borders of the windows, then squares are cut. The first two may change places.
public struct Windows: Hashable, Sendable {
  /// Tokens of a side of the feature map and of a window.
  public let side, window: Int
  public let shift: Int
  /// Whether the map is filled up before it is shifted.
  public let padding: SwinConfiguration.WindowPadding

  public init(side: Int, window: Int, shift: Int, padding: SwinConfiguration.WindowPadding = .beforeShift) {
    (self.side, self.window, self.shift, self.padding) = (side, window, shift, padding)
  }

  /// Tokens of a side of the map once zeros have filled it up.
  public var paddedSide: Int { (side + window - 1) / window * window }
  /// Windows of a map.
  public var count: Int { (paddedSide / window) * (paddedSide / window) }
  /// Tokens of a window.
  public var tokens: Int { window * window }

  /// `[batch, side · side, width]` as `[batch · count, tokens, width]`, windows and their tokens row by row.
  func cut(_ map: Tensor) -> Tensor {
    let (batch, _, width) = map.shape3
    let (margin, rows) = (paddedSide - side, paddedSide / window)
    func filled(_ x: Tensor) -> Tensor { margin > 0 ? x.padded([0, 0, 0, margin, 0, margin]) : x }
    var x = map.reshaped([batch, side, side, width])
    if padding == .beforeShift { x = filled(x) }
    if shift > 0 { x = x.rolled(by: [-shift, -shift], along: [1, 2]) }
    if padding == .afterShift { x = filled(x) }
    return x.reshaped([batch, rows, window, rows, window, width]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([batch * count, tokens, width])
  }

  /// What `cut` took apart: `[batch · count, tokens, width]` as `[batch, side · side, width]`.
  func join(_ pieces: Tensor) -> Tensor {
    let (total, _, width) = pieces.shape3
    let (batch, rows) = (total / count, paddedSide / window)
    var x = pieces.reshaped([batch, rows, rows, window, window, width]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([batch, paddedSide, paddedSide, width])
    func cropped(_ x: Tensor) -> Tensor {
      paddedSide > side ? x.narrowed(along: 1, from: 0, count: side).narrowed(along: 2, from: 0, count: side) : x
    }
    if padding == .afterShift { x = cropped(x) }
    if shift > 0 { x = x.rolled(by: [shift, shift], along: [1, 2]) }
    if padding == .beforeShift { x = cropped(x) }
    return x.reshaped([batch, side * side, width])
  }

  /// Which row of a table of biases, one for each offset of two tokens, belongs to each pair of a window's tokens:
  /// `[tokens · tokens]`, row-major.
  var offsetIndex: [Int64] {
    let span = 2 * window - 1
    return (0..<tokens).flatMap { query in
      (0..<tokens).map { key in
        let (down, right) = (query / window - key / window, query % window - key % window)
        return Int64((down + window - 1) * span + right + window - 1)
      }
    }
  }

  /// What is added to the scores, `[count, tokens, tokens]`: -100 between tokens that the cyclic shift brought together
  /// from opposite borders, 0 otherwise. Nil where nothing is shifted.
  ///
  /// Source: Liu et al. (2021), section 3.2, "efficient batch computation for shifted configuration".
  var mask: [Float]? {
    guard shift > 0 else { return nil }
    let rows = paddedSide / window
    /// The part of the map, along one axis of the shifted map, that moves together.
    func part(_ position: Int) -> Int {
      position < paddedSide - window ? 0 : position < paddedSide - shift ? 1 : 2
    }
    return (0..<count).flatMap { index in
      let parts = (0..<tokens).map { token in
        3 * part(index / rows * window + token / window) + part(index % rows * window + token % window)
      }
      return parts.flatMap { part in parts.map { Float($0 == part ? 0 : -100) } }
    }
  }
}
