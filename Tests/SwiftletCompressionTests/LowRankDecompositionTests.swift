import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletCompression

/// The laws O1 to O6 of low-rank keys and values, on random weights and correlated inputs.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LowRankDecompositionTests {
  static let outputs = 24, inputs = 40

  struct Problem {
    let weight, x: Tensor
    var products: InputProducts

    /// Inputs of `directions` directions with very different size.
    init(seed: UInt64, outputs: Int = outputs, inputs: Int = inputs, directions: Int? = nil) {
      let generator = Generator(seed: seed)
      let mix = Tensor.normal([directions ?? inputs, inputs], dataType: .float64, using: generator)
      let sizes = Tensor.uniform([1, directions ?? inputs], in: 0.05..<2, dataType: .float64, using: generator)
      weight = .normal([outputs, inputs], dataType: .float64, using: generator)
      x = (Tensor.normal([300, directions ?? inputs], dataType: .float64, using: generator) * sizes).matmul(mix)
      products = InputProducts(inputs: inputs)
      // In pieces, as a text comes.
      products.add(x.narrowed(along: 0, from: 0, count: 1))
      products.add(x.narrowed(along: 0, from: 1, count: 299).reshaped([13, 23, inputs]))
    }

    /// The squared error of a product on the inputs.
    func error(of product: Tensor) -> Double {
      let difference = (weight - product).matmul(x.transposed(0, 1))
      return (difference * difference).sum().item()
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64], LowRankDecomposition.Route.allCases)
  func `the error of every rank is the sum of the energies left out`(
    seed: UInt64, route: LowRankDecomposition.Route
  ) throws {
    let problem = Problem(seed: seed)
    #expect(problem.products.tokens == 300)
    let decomposition = try LowRankDecomposition(of: problem.weight, for: problem.products, route: route)
    let whole = decomposition.error(atRank: 0)
    for rank in [1, 2, 7, 16, 23, 24] {
      for split in FactorSplit.allCases {
        let factors = try decomposition.factors(rank: rank, split: split)
        #expect(factors.rank == rank)
        #expect(abs(problem.error(of: factors.product) - decomposition.error(atRank: rank)) <= 1e-9 * whole)
      }
    }
    let full = try decomposition.factors(rank: 24).product
    #expect(distance(full, problem.weight) <= 1e-8)
  }

  /// Inputs of fewer directions than channels have no inverse, and need none.
  @Test(arguments: [nil, 17])
  func `both routes find the same products`(directions: Int?) throws {
    let problem = Problem(seed: 4, directions: directions)
    let (eigen, cholesky) = try (
      LowRankDecomposition(of: problem.weight, for: problem.products),
      LowRankDecomposition(of: problem.weight, for: problem.products, route: .cholesky)
    )
    for rank in [1, 5, 12] {
      let (a, b) = try (eigen.factors(rank: rank).product, cholesky.factors(rank: rank).product)
      #expect(distance(a, b) <= 1e-5, "rank \(rank)")
    }
  }

  @Test func `more outputs than inputs are decomposed by both routes`() throws {
    let problem = Problem(seed: 5, outputs: 12, inputs: 8)
    for route in LowRankDecomposition.Route.allCases {
      let decomposition = try LowRankDecomposition(of: problem.weight, for: problem.products, route: route)
      #expect(decomposition.fullRank == 12)
      #expect(distance(try decomposition.factors(rank: 8).product, problem.weight) <= 1e-8)
      #expect(distance(try decomposition.factors(rank: 12).product, problem.weight) <= 1e-8)
    }
  }

  @Test func `the product is a projection of the weight`() throws {
    let problem = Problem(seed: 6)
    let factors = try LowRankDecomposition(of: problem.weight, for: problem.products).factors(
      rank: 9, split: .orthonormal)
    let projector = factors.up.matmul(factors.up.transposed(0, 1))
    #expect(distance(projector.matmul(projector), projector) <= 1e-10)
    #expect(distance(projector.matmul(problem.weight), factors.product) <= 1e-10)
  }

  /// Latents do not correlate on what was calibrated: their products are the singular values, or the energies.
  @Test func `latents are uncorrelated, and a rotation keeps their sum`() throws {
    let problem = Problem(seed: 7)
    let decomposition = try LowRankDecomposition(of: problem.weight, for: problem.products)
    for split in FactorSplit.allCases {
      let factors = try decomposition.factors(rank: 10, split: split)
      func products(_ down: Tensor) -> Tensor {
        down.matmul(problem.products.sums).matmul(down.transposed(0, 1))
      }
      let expected = decomposition.energies.prefix(10).map { split == .balanced ? $0.squareRoot() : $0 }
      let found = products(factors.down)
      let diagonal = found.diagonal().scalars(as: Double.self)
      for (value, energy) in zip(diagonal, expected) { #expect(abs(value - energy) <= 1e-9 * expected[0]) }
      #expect(
        abs((found * found).sum().item() - expected.reduce(0) { $0 + $1 * $1 }) <= 1e-9 * expected[0] * expected[0])
      let turn = try #require(LatentRotation.random.matrix(width: 10, seed: 3))
      let turned = products(factors.rotated(by: turn).down).diagonal().sum().item()
      #expect(abs(turned - expected.reduce(0, +)) <= 1e-9 * expected[0])
    }
  }

  @Test(arguments: [8, 9, 10] as [UInt64])
  func `larger groups of heads lose less at the same total rank`(seed: UInt64) throws {
    let problem = Problem(seed: seed)
    let headWidth = 3
    let heads = 8
    var errors: [Double] = []
    for grouping in [HeadGrouping.multiHead, .groups(of: 2), .groups(of: 4), .joint] {
      let size = try grouping.size(among: heads)
      let rows = size * headWidth
      errors.append(
        try stride(from: 0, to: heads * headWidth, by: rows).reduce(0) { sum, first in
          let part = problem.weight.narrowed(along: 0, from: first, count: rows)
          return sum + (try LowRankDecomposition(of: part, for: problem.products).error(atRank: rows / 3))
        })
    }
    #expect(errors == errors.sorted(by: >) && Set(errors).count == 4, "\(errors)")
  }

  @Test func `errors fall with the rank, and inputs that are seen count for more than a plain decomposition knows`()
    throws
  {
    let problem = Problem(seed: 11)
    var blind = InputProducts(inputs: Self.inputs)
    blind.add(Tensor.identityRows(Self.inputs))
    let (seeing, plain) = try (
      LowRankDecomposition(of: problem.weight, for: problem.products),
      LowRankDecomposition(of: problem.weight, for: blind)
    )
    var before = Double.infinity
    for rank in 1...24 {
      let error = problem.error(of: try seeing.factors(rank: rank).product)
      #expect(error <= before + 1e-9)
      #expect(error <= problem.error(of: try plain.factors(rank: rank).product) + 1e-9)
      before = error
    }
  }

  @Test func `larger inputs, and heads in another order, give the same product`() throws {
    let problem = Problem(seed: 12)
    let product = try LowRankDecomposition(of: problem.weight, for: problem.products).factors(rank: 6).product
    var scaled = InputProducts(inputs: Self.inputs)
    scaled.add(problem.x * 7)
    #expect(
      distance(try LowRankDecomposition(of: problem.weight, for: scaled).factors(rank: 6).product, product) <= 1e-8)
    let swapped = try LowRankDecomposition(of: problem.weight.flipped(along: [0]), for: problem.products)
    #expect(distance(try swapped.factors(rank: 6).product.flipped(along: [0]), product) <= 1e-8)
  }

  /// With a weighting the weighted error is the least, and no other product of the rank has less.
  @Test func `a weighting of the outputs is what the error is measured in`() throws {
    let problem = Problem(seed: 13)
    let generator = Generator(seed: 14)
    let root = Tensor.normal([Self.outputs, Self.outputs], dataType: .float64, using: generator)
    let square = root.transposed(0, 1).matmul(root)
    func error(_ product: Tensor) -> Double {
      let difference = root.matmul(problem.weight - product).matmul(problem.x.transposed(0, 1))
      return (difference * difference).sum().item()
    }
    let weighted = try LowRankDecomposition(of: problem.weight, for: problem.products, weighting: square)
    let plain = try LowRankDecomposition(of: problem.weight, for: problem.products)
    for rank in [1, 6, 15] {
      let found = error(try weighted.factors(rank: rank).product)
      #expect(abs(found - weighted.error(atRank: rank)) <= 1e-7 * weighted.error(atRank: 0))
      #expect(found < error(try plain.factors(rank: rank).product))
    }
    #expect(distance(try weighted.factors(rank: 24).product, problem.weight) <= 1e-6)
  }

  @Test(arguments: [1, 2, 5, 8, 12, 96, 160])
  func `rotations of every width are orthogonal and change no product`(width: Int) throws {
    let generator = Generator(seed: 15)
    let factors = LowRankFactors(
      up: .normal([7, width], dataType: .float64, using: generator),
      down: .normal([width, 9], dataType: .float64, using: generator))
    for rotation in [LatentRotation.hadamard, .random] {
      let turn = try #require(rotation.matrix(width: width, seed: 1))
      #expect(distance(turn.matmul(turn.transposed(0, 1)), Tensor.identityRows(width)) <= 1e-10)
      #expect(distance(factors.rotated(by: turn).product, factors.product) <= 1e-9)
      #expect(turn.scalars(as: Double.self) == rotation.matrix(width: width, seed: 1)?.scalars(as: Double.self))
    }
    #expect(LatentRotation.none.matrix(width: width, seed: 1) == nil)
  }

  @Test func `what cannot be is refused`() throws {
    let problem = Problem(seed: 16)
    #expect(throws: LowRankError.noStatistics) {
      try LowRankDecomposition(of: problem.weight, for: InputProducts(inputs: Self.inputs))
    }
    var broken = problem.products
    broken.add(Tensor([Double](repeating: .nan, count: Self.inputs), shape: [1, Self.inputs]))
    #expect(throws: LowRankError.statisticsNotFinite) { try LowRankDecomposition(of: problem.weight, for: broken) }
    let decomposition = try LowRankDecomposition(of: problem.weight, for: problem.products)
    for rank in [0, 25, -1] {
      #expect(throws: LowRankError.rank(rank, allowed: 1...24)) { try decomposition.factors(rank: rank) }
    }
    #expect(throws: LowRankError.indivisibleHeads(heads: 8, group: 3)) { try HeadGrouping.groups(of: 3).size(among: 8) }
    #expect(throws: LowRankError.indivisibleHeads(heads: 8, group: 0)) { try HeadGrouping.groups(of: 0).size(among: 8) }
  }
}

extension Tensor {
  /// The identity in float64.
  static func identityRows(_ count: Int) -> Tensor {
    Tensor((0..<count * count).map { $0 / count == $0 % count ? 1.0 : 0 }, shape: [count, count])
  }
}
