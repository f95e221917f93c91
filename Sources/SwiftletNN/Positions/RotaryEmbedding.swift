import Foundation
import SwiftletTensor

/// Positions as rotations: pair i of a head at position p turns by `p · base^(-2 i / width)`, so that the product of a query
/// and a key depends on how far apart they are.
///
/// Pair i is the elements i and i + width / 2, as in Hugging Face's Llama. Angles are float32, in the order of operations
/// of transformers, so that both agree where a float's rounding already moves an angle.
/// Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), section 3.2.2.
public struct RotaryEmbedding: Hashable, Sendable {
  /// Elements of a head.
  public let width: Int
  public let base: Double
  public let scaling: RotaryScaling

  /// - Precondition: `width` is even, and above 2 where the scaling is dynamic.
  public init(width: Int, base: Double = 10_000, scaling: RotaryScaling = .none) {
    precondition(width > 0 && width.isMultiple(of: 2), "RotaryEmbedding: a head of \(width) elements has no pairs")
    if case .dynamic = scaling { precondition(width > 2, "RotaryEmbedding: dynamic scaling needs more than one pair") }
    (self.width, self.base, self.scaling) = (width, base, scaling)
  }

  /// The cosines and sines of a sequence.
  public struct Tables {
    /// `[tokens, width / 2]`.
    public let cosines, sines: Tensor

    /// Turns the heads of `x`, `[batch, heads, tokens, width]`, in float32 at least; the result has the type of `x`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
      let half = cosines.shape[cosines.rank - 1]
      let a = x.narrowed(along: 3, from: 0, count: half)
      let b = x.narrowed(along: 3, from: half, count: half)
      return .concatenated([a * cosines - b * sines, b * cosines + a * sines], along: 3).cast(to: x.dataType)
    }
  }

  /// - Parameters:
  ///   - positions: of each token, `[tokens]`, whole numbers of 0 or more.
  ///   - length: the sequence's, its farthest position and one more; dynamic scaling depends on it.
  public func tables(for positions: Tensor, length: Int) -> Tables {
    withNoGradient {
      let frequencies = frequencies(length: length).to(device: positions.device)
      let angles = positions.cast(to: .float32).unsqueezed(1) * frequencies
      let factor = attentionFactor
      guard factor != 1 else { return Tables(cosines: angles.cos(), sines: angles.sin()) }
      return Tables(cosines: angles.cos() * factor, sines: angles.sin() * factor)
    }
  }

  /// What cosines and sines are multiplied by.
  public var attentionFactor: Double { if case .yarn(let yarn) = scaling { yarn.attentionFactor } else { 1 } }

  /// Radians a position of each pair, `[width / 2]`, float32.
  ///
  /// - Parameter length: of the sequence; dynamic scaling depends on it.
  public func frequencies(length: Int) -> Tensor {
    let plain = 1 / Tensor.powers(of: base, exponents)
    switch scaling {
    case .none: return plain
    case .linear(let factor): return plain / factor
    case .dynamic(let factor, let trained): return dynamic(factor, trained, length)
    case .llama3(let factor, let low, let high, let trained):
      let wavelengths = 2 * Double.pi / plain
      let longest = Double(trained) / low
      let shortest = Double(trained) / high
      let scaled = Tensor.where(wavelengths.greater(than: longest), plain / factor, plain)
      let smooth = (Double(trained) / wavelengths - low) / (high - low)
      let between = (1 - smooth) * scaled / factor + smooth * scaled
      let isBetween = wavelengths.greaterOrEqual(to: shortest).logicalAnd(wavelengths.lessOrEqual(to: longest))
      return Tensor.where(isBetween, between, scaled)
    case .yarn(let yarn): return self.yarn(yarn)
    }
  }

  /// `2 i / width` of each pair.
  private var exponents: Tensor {
    Tensor.range(to: Double(width), by: 2, dataType: .float32) / Double(width)
  }

  private func dynamic(_ factor: Double, _ trained: Int, _ length: Int) -> Tensor {
    let power = Double(width) / Double(width - 2)
    guard length > trained else {
      let stretch = factor * Double(trained) / Double(trained) - (factor - 1)
      return 1 / Tensor.powers(of: base * pow(stretch, power), exponents)
    }
    // In float32, as transformers has it: there the length is a tensor.
    let stretch = Tensor(Float(length)) * factor / Double(trained) - (factor - 1)
    return 1 / (stretch.pow(power) * base).pow(exponents)
  }

  private func yarn(_ yarn: RotaryScaling.YaRN) -> Tensor {
    /// The pair that turns so often within the trained positions.
    func pair(turning turns: Double) -> Double {
      Double(width) * log(Double(yarn.trainedPositions) / (turns * 2 * .pi)) / (2 * log(base))
    }
    var (first, last) = (pair(turning: yarn.fastTurns), pair(turning: yarn.slowTurns))
    if yarn.truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
    (first, last) = (max(first, 0), min(last, Double(width - 1)))
    if first == last { last += 0.001 }  // a step in place of a division by 0
    let pairs = Tensor.range(to: Double(width / 2), dataType: .float32)
    let kept = 1 - ((pairs - first) / (last - first)).clamp(min: 0, max: 1)
    let waves = Tensor.powers(of: base, exponents)
    return 1 / (waves * yarn.factor) * (1 - kept) + 1 / waves * kept
  }
}
