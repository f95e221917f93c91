import SwiftletNN
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SparseLinearTests {
  static let patterns = [SparsityPattern(keeping: 1, of: 4), .init(keeping: 2, of: 4), .init(keeping: 3, of: 8)]

  struct Problem {
    let weight, bias, x, towards: Tensor

    /// A layer of 16 inputs and 6 outputs, 5 tokens, and a direction for the gradient.
    init(seed: UInt64) {
      var random = SplitMix64(seed: seed)
      func tensor(_ shape: [Int]) -> Tensor {
        Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
      }
      (weight, bias, x, towards) = (tensor([6, 16]), tensor([6]), tensor([5, 16]), tensor([5, 6]))
      weight.requiresGradient = true
      bias.requiresGradient = true
    }

    func layer(_ pattern: SparsityPattern, _ gradient: SparseGradient = .masked) -> SparseLinear {
      SparseLinear(weight: weight, bias: bias, pattern: pattern, gradient: gradient)
    }

    /// The weight's gradient of `sum(layer(x) * towards)`.
    func weightGradient(of layer: SparseLinear) throws -> [Float] {
      weight.gradient = nil
      (layer(x) * towards).sum().backward()
      return try #require(weight.gradient).scalars(as: Float.self)
    }

    /// The gradient that the weight of a plain layer with already masked weights gets.
    func denseGradient(_ pattern: SparsityPattern) throws -> [Float] {
      let masked = weight.detached().pruned(to: pattern).clone()
      masked.requiresGradient = true
      (x.linear(weight: masked, bias: bias) * towards).sum().backward()
      return try #require(masked.gradient).scalars(as: Float.self)
    }
  }

  @Test(arguments: patterns)
  func `the layer computes with the masked weight, bit for bit`(pattern: SparsityPattern) {
    let problem = Problem(seed: 1)
    let plain = problem.x.linear(weight: problem.weight.detached().pruned(to: pattern), bias: problem.bias)
    for gradient in [SparseGradient.masked, .straightThrough, .srSTE()] {
      let sparse = problem.layer(pattern, gradient)(problem.x)
      #expect(sparse.scalars(as: Float.self) == plain.scalars(as: Float.self))
    }
  }

  @Test func `4 of 4 is the dense layer bit for bit, also after other patterns`() throws {
    let problem = Problem(seed: 2)
    let layer = problem.layer(Self.patterns[0])
    let before = problem.weight.scalars(as: Float.self)
    for pattern in Self.patterns {
      layer.pattern = pattern
      _ = layer(problem.x)
    }
    layer.pattern = SparsityPattern(keeping: 4, of: 4)
    let dense = problem.x.linear(weight: problem.weight, bias: problem.bias)
    #expect(layer(problem.x).scalars(as: Float.self) == dense.scalars(as: Float.self))
    #expect(problem.weight.scalars(as: Float.self) == before)

    // Gradients too, in all three modes.
    let expected = try problem.denseGradient(.dense)
    for gradient in [SparseGradient.masked, .straightThrough, .srSTE()] {
      layer.gradient = gradient
      #expect(try problem.weightGradient(of: layer) == expected)
    }
  }

  @Test(arguments: patterns)
  func `masked weights get exactly no gradient, the others the dense one`(pattern: SparsityPattern) throws {
    let problem = Problem(seed: 3)
    let mask = problem.layer(pattern).mask.scalars(as: Bool.self)
    let dense = try problem.denseGradient(pattern)
    #expect(try problem.weightGradient(of: problem.layer(pattern)) == zip(mask, dense).map { $0 ? $1 : 0 })
  }

  @Test(arguments: patterns)
  func `straight through is the gradient of the masked weight`(pattern: SparsityPattern) throws {
    let problem = Problem(seed: 4)
    let dense = try problem.denseGradient(pattern)
    #expect(try problem.weightGradient(of: problem.layer(pattern, .straightThrough)) == dense)
  }

  @Test(arguments: patterns)
  func `SR-STE adds a pull towards zero on the removed weights`(pattern: SparsityPattern) throws {
    let problem = Problem(seed: 5)
    let mask = problem.layer(pattern).mask.scalars(as: Bool.self)
    let dense = try problem.denseGradient(pattern)
    let weight = problem.weight.scalars(as: Float.self)
    for decay in [2e-4, 0.5] {
      let expected = zip(zip(mask, dense), weight).map { $0.0 ? $0.1 : $0.1 + $1 * Float(decay) }
      let gradient = try problem.weightGradient(of: problem.layer(pattern, .srSTE(decay: decay)))
      #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) })
      #expect(zip(mask, zip(gradient, dense)).allSatisfy { !$0 || $1.0 == $1.1 })
    }
  }

  @Test func `gradient descent leaves masked weights untouched`() throws {
    let problem = Problem(seed: 6)
    let layer = problem.layer(SparsityPattern(keeping: 1, of: 4))
    let before = problem.weight.scalars(as: Float.self)
    let mask = layer.mask.scalars(as: Bool.self)
    let gradient = try problem.weightGradient(of: layer)
    withNoGradient { _ = problem.weight.addInPlace(Tensor(gradient, shape: [6, 16]), scale: -1e-3) }
    let after = problem.weight.scalars(as: Float.self)
    for index in mask.indices {
      #expect((before[index].bitPattern == after[index].bitPattern) == (!mask[index] || gradient[index] == 0))
    }
  }

  @Test func `the mask follows the weights until it is frozen`() {
    let weight = Tensor([Float](arrayLiteral: 4, 3, 2, 1), shape: [1, 4])
    let layer = SparseLinear(weight: weight, bias: nil, pattern: SparsityPattern(keeping: 2, of: 4))
    #expect(layer.mask.scalars(as: Bool.self) == [true, true, false, false])
    weight.copyInPlace(from: Tensor([Float](arrayLiteral: 1, 2, 3, 4), shape: [1, 4]))
    #expect(layer.mask.scalars(as: Bool.self) == [false, false, true, true])
    layer.freezeMask()
    weight.copyInPlace(from: Tensor([Float](arrayLiteral: 9, 2, 3, 4), shape: [1, 4]))
    #expect(layer.isMaskFrozen)
    #expect(layer.mask.scalars(as: Bool.self) == [false, false, true, true])
    #expect(layer.copy().mask.scalars(as: Bool.self) == [false, false, true, true])
    layer.unfreezeMask()
    #expect(layer.mask.scalars(as: Bool.self) == [true, false, false, true])
  }

  @Test func `parameter paths are those of the plain layer`() {
    let problem = Problem(seed: 7)
    let layer = problem.layer(.dense)
    #expect(layer.namedParameters().map(\.path) == ["weight", "bias"])
    #expect(layer.namedBuffers().isEmpty)
    #expect(layer.copy().weight.identity != layer.weight.identity)
  }

  @Test func `a pattern that does not divide the inputs stops the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = SparseLinear(weight: .zeros([2, 6]), bias: nil, pattern: SparsityPattern(keeping: 2, of: 4))
    }
  }

  @Test func `another pattern for a frozen mask stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let layer = SparseLinear(weight: .ones([2, 8]), bias: nil, pattern: SparsityPattern(keeping: 2, of: 4))
      layer.freezeMask()
      layer.pattern = SparsityPattern(keeping: 1, of: 4)
    }
  }

  @Test(arguments: ["masked", "ste", "sr-ste"])
  func `gradient modes read back from their names`(name: String) {
    #expect(SparseGradient(parsing: name)?.description == name)
    #expect(SparseGradient(parsing: name.uppercased()) == nil)
  }
}
