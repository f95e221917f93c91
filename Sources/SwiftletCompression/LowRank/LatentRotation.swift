import SwiftletFiles
import SwiftletTensor

/// An orthogonal matrix that spreads what a latent holds over all its values, so that no few of them set the scale of its grid.
public enum LatentRotation: String, Hashable, Sendable, FileWord, CaseIterable {
  case none
  /// Entries of one size, `±1 / sqrt(n)`, for powers of two. Of another width the largest power of two that divides it is
  /// turned so, and what is left by a drawn rotation: their Kronecker product.
  case hadamard
  /// Drawn evenly from all orthogonal matrices.
  case random

  /// `[width, width]` in float64; the same for the same seed.
  public func matrix(width: Int, seed: Int) -> Tensor? {
    switch self {
    case .none: nil
    case .hadamard:
      Self.kronecker(
        Self.drawn(width >> width.trailingZeroBitCount, seed: seed), Self.sylvester(1 << width.trailingZeroBitCount))
    case .random: Self.drawn(width, seed: seed)
    }
  }

  /// Source: Sylvester (1867): `H_2n` is `H_n` beside itself over `H_n` beside its negative.
  private static func sylvester(_ width: Int) -> Tensor {
    let scale = 1 / Double(width).squareRoot()
    let entries = (0..<width * width).map { at in
      ((at / width) & (at % width)).nonzeroBitCount.isMultiple(of: 2) ? scale : -scale
    }
    return Tensor(entries, shape: [width, width])
  }

  private static func kronecker(_ a: Tensor, _ b: Tensor) -> Tensor {
    let width = a.shape[0] * b.shape[0]
    return withNoGradient { Tensor.einsum("ij,kl->ikjl", a, b).reshaped([width, width]) }
  }

  /// The orthogonal factor of normal numbers, with the signs that make it evenly distributed: those of the other factor's
  /// diagonal. Source: Mezzadri, "How to generate random matrices from the classical compact groups" (2007).
  private static func drawn(_ width: Int, seed: Int) -> Tensor {
    withNoGradient {
      let numbers = Tensor.normal(
        [width, width], dataType: .float64, using: Generator(seed: UInt64(truncatingIfNeeded: seed)))
      let basis = numbers.orthogonalBasis()
      let diagonal = (basis * numbers).sum(along: [0]).scalars(as: Double.self)
      return basis * Tensor(diagonal.map { $0 < 0 ? -1 : 1 }, shape: [1, width])
    }
  }
}
