import SwiftletNN
import SwiftletTensor

/// A projection of keys or values of which a cache keeps something smaller than its outputs.
public protocol RememberedProjection: Layer {
  /// The outputs as they come back from the cache; calling the layer itself gives those of a token that is still whole.
  func remembered(_ x: Tensor) -> Tensor
}

/// A projection of what an earlier layer's attention read: it has no latent of its own, and a cache keeps nothing for it.
public protocol BorrowingProjection: RememberedProjection {
  /// How many layers before; 1 or more.
  var layersBefore: Int { get }
}

/// What a cache makes of whole keys and values: what comes back of them.
///
/// Shapes: `[batch, heads, tokens, headWidth]`, keys turned by their positions.
public protocol KeyValueMemory {
  func keys(_ keys: Tensor) -> Tensor
  func values(_ values: Tensor) -> Tensor
}

/// The tokens that a cache keeps whole: the newest, and the first ones of a text, which many heads attend to.
public struct WholeTokens: Hashable, Sendable {
  /// So many before the token that looks, itself included; 0 reads even itself from the cache.
  public var newest: Int
  public var first: Int

  /// - Precondition: none is below 0.
  public init(newest: Int = 0, first: Int = 0) {
    precondition(newest >= 0 && first >= 0, "WholeTokens: \(newest) newest and \(first) first tokens")
    (self.newest, self.first) = (newest, first)
  }

  /// `[tokens, tokens]`, true where a query (row) sees a key (column) before it whole; nil where that is nowhere.
  func mask(tokens: Int, device: Device) -> Tensor? {
    guard newest > 0 || first > 0 else { return nil }
    return withNoGradient {
      let places = Tensor.range(to: Double(tokens), device: device)
      let distance = places.unsqueezed(1) - places.unsqueezed(0)
      return distance.less(than: Double(newest)).logicalOr(places.unsqueezed(0).less(than: Double(first)))
    }
  }
}
