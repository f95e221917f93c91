import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCompression

/// Oracle: tools/goldens/wanda.py, a forward pass and both ways of pruning written out in numpy.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct WandaTests {
  static let half = SparsityPattern(keeping: 2, of: 4)

  struct Golden {
    let model: VisionTransformer
    let images: Tensor
    let state: StateDictionary

    init() throws {
      let whole = try Checkpoint.read(from: Goldens.url("wanda.safetensors"))
      let text = try #require(whole.metadata["configuration"])
      model = try VisionTransformer(
        JSONDecoder().decode(DeiTConfiguration.self, from: Data(text.utf8)), using: Generator(seed: 0))
      let kinds = ["golden.", "dense.", "masked."]
      try model.load(
        StateDictionary(whole.filter { name, _ in !kinds.contains { name.hasPrefix($0) } }.map { ($0, $1) }),
        from: "wanda.safetensors")
      images = try #require(whole["golden.images"])
      state = whole
    }

    func expectMasks(_ kind: String) throws {
      for (path, layer) in model.sparseLayers() {
        let expected = try #require(state["\(kind).\(path)"]).scalars(as: Int.self)
        #expect(layer.mask.cast(to: .int64).scalars(as: Int.self) == expected, "\(path)")
      }
      #expect(model.sparseLayers().count == 12)
    }
  }

  @Test func `block by block the masks are the published method's`() throws {
    let golden = try Golden()
    try golden.model.pruneBlockByBlock(to: .uniform(Self.half, model: golden.model)) {
      _ = golden.model(golden.images)
    }
    try golden.expectMasks("masked")
    #expect(!golden.model.sparseLayers().contains { $0.layer.isMaskFrozen })
  }

  @Test func `by dense activations the masks are the variant's, and others`() throws {
    let golden = try Golden()
    let plan = CompressionPlan.uniform(Self.half, model: golden.model)
    let norms = try golden.model.inputNorms(of: plan.paths) { _ = golden.model(golden.images) }
    try golden.model.prune(to: plan, by: .wanda(inputNorms: norms))
    try golden.expectMasks("dense")
    let differences = try plan.paths.filter { path in
      try #require(golden.state["dense.\(path)"]).isEqual(to: try #require(golden.state["masked.\(path)"])) == false
    }
    #expect(!differences.isEmpty && !differences.contains { $0.hasPrefix("blocks.0.") })
  }

  @Test func `a plan of some layers leaves the others alone`() throws {
    let golden = try Golden()
    let plan = CompressionPlan.uniform(Self.half, layers: ["blocks.2.mlp.fc1", "blocks.0.attn.proj"])
    try golden.model.pruneBlockByBlock(to: plan, gradient: .straightThrough) { _ = golden.model(golden.images) }
    #expect(golden.model.sparseLayers().map(\.path) == ["blocks.0.attn.proj", "blocks.2.mlp.fc1"])
  }

  /// Infinite norms make equal scores, which would be ranked by their places.
  @Test(arguments: [Float.nan, .infinity, 1e30])
  func `activations, norms and scores that are not finite are refused with the layer's name`(factor: Float) throws {
    let golden = try Golden()
    let plan = CompressionPlan.uniform(Self.half, model: golden.model)
    let layer = try #require(golden.model.layer(at: "blocks.1.mlp.fc1") as? Linear)
    withNoGradient {
      if factor.isFinite {
        // What the layer answers is finite, and its product with the next weights is not.
        for path in ["fc1", "fc2"] {
          (try? golden.model.layer(at: "blocks.1.mlp.\(path)") as? Linear)?.weight.mulInPlace(Double(factor))
        }
      } else {
        _ = layer.bias?.fillInPlace(Double(factor))
      }
    }
    let run = { _ = golden.model(golden.images) }
    #expect(throws: PruningError.activationsNotFinite(path: "blocks.1.mlp.fc2")) {
      try golden.model.pruneBlockByBlock(to: plan, during: run)
    }
    let error = #expect(throws: PruningError.self) {
      let norms = try golden.model.inputNorms(of: plan.paths, during: run)
      try golden.model.prune(to: plan, by: .wanda(inputNorms: norms))
    }
    #expect(error?.description.contains("are infinite or NaN") == true)
  }
}
