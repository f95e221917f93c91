import SwiftletFiles
import SwiftletTensor

/// The best products of every rank for a projection of keys or values, judged on what it sees.
///
/// Minimises `‖B (W - L R) X‖` in Frobenius' norm for the weight `W` `[m, inputs]` of a group of heads, inputs `X` and a
/// weighting `B` `[m, m]` of its outputs, the identity where none is given. With the eigenvectors `U` of
/// `B W X Xᵀ Wᵀ Bᵀ` the best of rank r is `L R = B⁻¹ U_r U_rᵀ B W`, and the squared error the sum of the eigenvalues that are
/// left out. Everything is float64.
///
/// Source: Chang et al., "Palu" (2025), section 3.1, which takes a Cholesky factor `S` of `X Xᵀ` and the singular vectors of
/// `W S`: ``Route/cholesky``. The eigenvectors of an m x m matrix give the same and mind no inputs that never occur.
public struct LowRankDecomposition {
  /// How it is computed; both agree.
  public enum Route: String, Hashable, Sendable, FileWord, CaseIterable {
    case eigen, cholesky
  }

  /// What each direction contributes to the squared norm of the outputs, largest first; squares of singular values.
  public let energies: [Double]
  /// `[m, m]` and `[m, inputs]`: `B⁻¹ U` and `Uᵀ B W`, whose leading columns and rows are the factors.
  private let basis, projection: Tensor

  /// - Parameters:
  ///   - weight: `[m, inputs]`, without its bias, which stays behind `up`.
  ///   - weighting: symmetric and positive semidefinite `[m, m]`, the square of `B`: what an error of the outputs costs.
  /// - Throws: ``LowRankError`` if the inputs are none or not finite.
  public init(
    of weight: Tensor, for inputs: InputProducts, weighting: Tensor? = nil, route: Route = .eigen
  ) throws(LowRankError) {
    let products = try inputs.checked()
    let results: (values: [Double], basis: Tensor, projection: Tensor) = withNoGradient {
      let w = weight.detached().cast(to: .float64)
      let (root, inverse) = weighting.map(Self.roots) ?? (nil, nil)
      let weighted = root?.matmul(w) ?? w
      let (values, u) =
        switch route {
        case .eigen: Self.eigenvectors(of: weighted.matmul(products).matmul(weighted.transposed(0, 1)))
        case .cholesky: Self.singularVectors(of: weighted, products)
        }
      return (values, inverse?.matmul(u) ?? u, u.transposed(0, 1).matmul(weighted))
    }
    (energies, basis, projection) = (results.values, results.basis, results.projection)
  }

  /// The outputs of the group, the highest rank.
  public var fullRank: Int { energies.count }

  /// The squared error that a rank leaves on the calibration inputs, weighted.
  public func error(atRank rank: Int) -> Double { energies.dropFirst(rank).reduce(0, +) }

  /// The best factors of a rank, in float64.
  ///
  /// - Throws: ``LowRankError/rank(_:allowed:)`` if it is not within 1...``fullRank``.
  public func factors(rank: Int, split: FactorSplit = .balanced) throws(LowRankError) -> LowRankFactors {
    guard (1...fullRank).contains(rank) else { throw .rank(rank, allowed: 1...fullRank) }
    return withNoGradient {
      let up = basis.narrowed(along: 1, from: 0, count: rank)
      let down = projection.narrowed(along: 0, from: 0, count: rank)
      guard split == .balanced else { return LowRankFactors(up: up, down: down) }
      // A direction without energy keeps its scale: nothing is seen of it.
      let roots = energies.prefix(rank).map { energy in
        let singular = max(energy, 0).squareRoot()
        return singular > 0 ? singular.squareRoot() : 1
      }
      let scales = Tensor(roots, shape: [rank])
      return LowRankFactors(up: up * scales.unsqueezed(0), down: down / scales.unsqueezed(1))
    }
  }

  // MARK: - Linear algebra

  /// Values of a symmetric matrix, largest first and none below zero, with their vectors as columns.
  private static func eigenvectors(of matrix: Tensor) -> (values: [Double], vectors: Tensor) {
    let (ascending, vectors) = ((matrix + matrix.transposed(0, 1)) * 0.5).symmetricEigenvectors()
    return (ascending.scalars(as: Double.self).reversed().map { max($0, 0) }, vectors.flipped(along: [1]))
  }

  /// The left singular vectors of `w S` with `S Sᵀ = products`, which gets as much on its diagonal as it needs.
  private static func singularVectors(of w: Tensor, _ products: Tensor) -> (values: [Double], vectors: Tensor) {
    let (values, vectors) = eigenvectors(of: products)
    let floor = max((values.first ?? 0) * 1e-14, .leastNormalMagnitude)
    let definite =
      (values.last ?? 0) > floor ? products : compose(values.map { max($0, floor) }, vectors)
    let (u, s, _) = w.matmul(definite.cholesky()).singularValues()
    let found = s.scalars(as: Double.self).map { $0 * $0 }
    // More outputs than inputs: nothing goes the other ways.
    let missing = w.shape[0] - found.count
    return missing == 0 ? (found, u) : (found + [Double](repeating: 0, count: missing), u.orthogonalBasis())
  }

  /// The symmetric matrix with these eigenvalues and eigenvectors.
  private static func compose(_ values: [Double], _ vectors: Tensor) -> Tensor {
    (vectors * Tensor(values, shape: [1, values.count])).matmul(vectors.transposed(0, 1))
  }

  /// The inverse of a symmetric and positive semidefinite matrix on what it does not send to almost nothing.
  static func pseudoInverse(of matrix: Tensor) -> Tensor {
    let (values, vectors) = eigenvectors(of: matrix)
    let floor = (values.first ?? 0) * 1e-10
    return compose(values.map { $0 > floor ? 1 / $0 : 0 }, vectors)
  }

  /// `B` and its inverse for `B²`; directions that cost nothing are made to cost a little.
  private static func roots(of square: Tensor) -> (root: Tensor, inverse: Tensor) {
    let (values, vectors) = eigenvectors(of: square.detached().cast(to: .float64))
    let floor = max((values.first ?? 0) * 1e-12, .leastNormalMagnitude)
    let roots = values.map { max($0, floor).squareRoot() }
    return (compose(roots, vectors), compose(roots.map { 1 / $0 }, vectors))
  }
}
