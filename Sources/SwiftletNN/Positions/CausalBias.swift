import Foundation
import SwiftletTensor

/// What is added to the scores of attention, where that is more than hiding later tokens.
public enum CausalBias {
  /// `[heads or 1, tokens, tokens]`: minus infinity where a query may not see a key, and `-slope · distance` elsewhere.
  ///
  /// - Parameters:
  ///   - window: how many tokens a query sees, itself included; nil is all.
  ///   - slopes: of each head; empty is none, and one bias for all heads.
  public static func scores(tokens: Int, window: Int? = nil, slopes: [Double] = [], device: Device = .cpu) -> Tensor {
    withNoGradient {
      let places = Tensor.range(to: Double(tokens), device: device)
      let distance = places.unsqueezed(1) - places.unsqueezed(0)  // of each key before each query
      let distances = distance.unsqueezed(0).cast(to: .float32)
      var bias =
        slopes.isEmpty
        ? distances.zerosLike()
        : distances * -Tensor(slopes.map { Float($0) }, shape: [slopes.count, 1, 1], device: device)
      bias = bias.maskedFill(distance.less(than: 0), -.infinity)
      return window.map { bias.maskedFill(distance.greaterOrEqual(to: Double($0)), -.infinity) } ?? bias
    }
  }

  /// The slopes of attention with linear biases: `2^(-8 h / heads)` for head h from 1 on, and where heads are no power of
  /// two, those of the next lower one and every other of the next higher one.
  ///
  /// Source: Press et al., "Train Short, Test Long" (2022), section 3, and its published code.
  public static func linearSlopes(heads: Int) -> [Double] {
    func slopes(_ heads: Int) -> [Double] { (1...heads).map { pow(2, -8 * Double($0) / Double(heads)) } }
    var lower = 1
    while lower * 2 <= heads { lower *= 2 }
    guard lower < heads else { return slopes(heads) }
    let others = slopes(2 * lower).enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
    return slopes(lower) + others.prefix(heads - lower)
  }
}
