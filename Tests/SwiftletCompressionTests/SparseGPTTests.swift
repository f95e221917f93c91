import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SparseGPTTests {
  struct Golden: Decodable {
    let kept, group, rows: Int
    let damping: Double
    let shape: [Int]
    let weight, inputs, pruned: [Double]
  }

  /// Oracle: tools/goldens/sparsegpt.py, which removes column by column with exact inverses, without Cholesky or blocks.
  /// Both are float64; float32 results keep 24 bits.
  @Test(arguments: [1, 8, 128])
  func `weights equal those of the definition, whatever the block`(blockColumns: Int) throws {
    let goldens = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: Goldens.url("sparsegpt.json")))
    #expect(goldens.count == 4)
    for golden in goldens {
      let inputs = Tensor(golden.inputs, shape: [golden.rows, golden.shape[1]])
      var method = SparseGPT()
      (method.damping, method.blockColumns) = (golden.damping, blockColumns)
      let pattern = SparsityPattern(keeping: golden.kept, of: golden.group)
      let pruned = method.pruned(
        Tensor(golden.weight, shape: golden.shape).cast(to: .float32), to: pattern,
        products: inputs.transposed(0, 1).matmul(inputs))
      #expect(pruned.dataType == .float32)
      for (found, expected) in zip(pruned.scalars(as: Double.self), golden.pruned) {
        #expect(abs(found - expected) <= 1e-6 * max(1, abs(expected)) && (found == 0) == (expected == 0))
      }
    }
  }

  /// Correlated inputs of different size, as networks have them.
  static func problem(seed: UInt64, outputs: Int = 12, inputs: Int = 32, rows: Int = 200) -> (
    weight: Tensor, inputs: Tensor
  ) {
    let generator = Generator(seed: seed)
    let mix = Tensor.normal([inputs, inputs], using: generator)
    let scale = Tensor.uniform([inputs], in: 0.1..<2, using: generator)
    return (
      .normal([outputs, inputs], using: generator), Tensor.normal([rows, inputs], using: generator).matmul(mix) * scale
    )
  }

  static func error(_ pruned: Tensor, _ weight: Tensor, _ inputs: Tensor) -> Double {
    (inputs.linear(weight: pruned) - inputs.linear(weight: weight)).norm().item()
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `outputs change less than by magnitude and by Wanda, and exactly N of M stay`(seed: UInt64) {
    let (weight, inputs) = Self.problem(seed: seed)
    let products = inputs.transposed(0, 1).matmul(inputs)
    let norms = (inputs * inputs).sum(along: [0]).sqrt()
    for pattern in [SparsityPattern(keeping: 1, of: 4), .init(keeping: 2, of: 4), .init(keeping: 5, of: 8)] {
      let pruned = SparseGPT().pruned(weight, to: pattern, products: products)
      let own = Self.error(pruned, weight, inputs)
      let magnitude = Self.error(weight.pruned(to: pattern), weight, inputs)
      let wanda = Self.error(
        weight.pruned(to: pattern, by: WeightScore.wanda(inputNorms: norms)(weight)), weight, inputs)
      #expect(own < 0.9 * magnitude && own < wanda, "\(pattern): \(own), \(magnitude), \(wanda)")
      let left = pruned.notEqual(to: 0).cast(to: .int64).reshaped([-1, pattern.group]).sum(along: [1])
      #expect(left.scalars(as: Int.self).allSatisfy { $0 == pattern.kept })
    }
  }

  @Test func `a dense pattern changes nothing, and inputs that were always zero lose their weights`() {
    let (weight, inputs) = Self.problem(seed: 6)
    let products = inputs.transposed(0, 1).matmul(inputs)
    #expect(SparseGPT().pruned(weight, to: .dense, products: products).identity == weight.identity)
    let mask = Tensor((0..<32).map { $0 == 9 || $0 == 14 }, shape: [32])
    let silent = inputs.maskedFill(mask, 0)
    let pruned = SparseGPT().pruned(
      weight, to: SparsityPattern(keeping: 3, of: 4), products: silent.transposed(0, 1).matmul(silent))
    for column in [9, 14] {
      #expect(pruned.select(along: 1, at: column).scalars(as: Float.self).allSatisfy { $0 == 0 })
    }
    #expect(pruned.scalars(as: Float.self).allSatisfy { $0.isFinite })
  }

  @Test func `the smallest of a result's groups are its zeros, so that masks by magnitude keep it`() {
    let (weight, inputs) = Self.problem(seed: 7)
    let pattern = SparsityPattern(keeping: 2, of: 4)
    let pruned = SparseGPT().pruned(weight, to: pattern, products: inputs.transposed(0, 1).matmul(inputs))
    #expect(pruned.pruned(to: pattern).isEqual(to: pruned))
  }

  /// Oracle: each layer pruned by hand, in order, for what the layers before it produce.
  @Test func `a network is pruned layer by layer, each for the inputs that the pruned ones produce`() throws {
    let network = try SupernetTests.network(seed: 8)
    let images = Tensor.normal([24, 3, 16, 16], using: Generator(seed: 9))
    let pattern = SparsityPattern(keeping: 2, of: 4)
    var plan = CompressionPlan.uniform(pattern, model: network)
    plan["blocks.0.attn.proj"] = LayerChoice(pattern: SparsityPattern(keeping: 4, of: 4))
    plan["blocks.1.mlp.fc1"] = nil

    let byHand = network.copy()
    for block in byHand.blocks.indices {
      for name in ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"] {
        let path = "blocks.\(block).\(name)"
        guard let choice = plan[path], !choice.sparsity.isDense else { continue }
        let layer = try #require(byHand.layer(at: path) as? Linear)
        let listener = Listener(to: layer)
        try byHand.replaceLayer(at: path, with: listener)
        withNoGradient { _ = byHand(images) }
        try byHand.replaceLayer(at: path, with: layer)
        let x = try #require(listener.heard).cast(to: .float64)
        withNoGradient {
          _ = layer.weight.copyInPlace(
            from: SparseGPT().pruned(layer.weight, to: choice.sparsity, products: x.transposed(0, 1).matmul(x)))
        }
      }
    }

    let pruned = network.copy()
    try pruned.prune(to: plan, bySparseGPT: SparseGPT()) { _ = pruned(images) }
    #expect(pruned.linearLayers().map(\.path) == network.linearLayers().map(\.path))
    let pairs = zip(pruned.namedParameters(), byHand.namedParameters())
    for (own, other) in pairs {
      let (a, b) = (own.tensor.scalars(as: Float.self), other.tensor.scalars(as: Float.self))
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 && ($0 == 0) == ($1 == 0) }, "\(own.path)")
    }
    let untouched = ["blocks.0.attn.proj.weight", "blocks.1.mlp.fc1.weight", "head.weight", "blocks.0.attn.qkv.bias"]
    let (before, after) = (SupernetTests.weights(of: network), SupernetTests.weights(of: pruned))
    #expect(Set(before.keys.filter { before[$0] == after[$0] }).isSuperset(of: untouched))
    #expect(before["blocks.0.attn.qkv.weight"] != after["blocks.0.attn.qkv.weight"])
  }

  @Test func `layers that nothing reaches, and inputs that are not numbers, are errors`() throws {
    let network = try SupernetTests.network(seed: 10)
    let plan = CompressionPlan.uniform(SparsityPattern(keeping: 2, of: 4), model: network)
    #expect(throws: PruningError.noActivations(path: "blocks.0.attn.qkv")) {
      try network.prune(to: plan, bySparseGPT: SparseGPT()) {}
    }
    #expect(throws: PruningError.activationsNotFinite(path: "blocks.0.attn.qkv")) {
      try network.prune(to: plan, bySparseGPT: SparseGPT()) {
        _ = network(Tensor.full([2, 3, 16, 16], .nan))
      }
    }
    #expect(network.linearLayers().count == 9)
    #expect(throws: CompressionPlanError.self) {
      try network.prune(to: .uniform(.dense, layers: ["head"]), bySparseGPT: SparseGPT()) {}
    }
  }
}

/// Remembers what a layer was given.
private final class Listener: Layer {
  @Child var layer: any Layer
  private(set) var heard: Tensor?

  init(to layer: any Layer) { self.layer = layer }

  func callAsFunction(_ x: Tensor) -> Tensor {
    heard = x.reshaped([-1, x.shape[x.rank - 1]])
    return layer(x)
  }

  func shallowCopy() -> Listener { Listener(to: layer) }
}
