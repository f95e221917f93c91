import Foundation
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCheckpoint

/// Prefixes around a network's names, and averaged weights beside the trained ones.
/// Oracle: `averaged-*.pt`, which tools/goldens/checkpoints.py writes with weights 1 and averages 2.
@Suite(torch) struct WeightChoiceTests {
  @Test(arguments: [
    ("averaged-timm.pt", "state_dict", "state_dict_ema"), ("averaged-torchvision.pt", "model", "model_ema"),
    ("averaged-wrapped.pt", "model", "ema"),
  ])
  func `trained weights are taken, averaged ones when asked for, and the choice is told`(
    name: String, trained: String, averaged: String
  ) throws {
    for averages in [false, true] {
      let contents = try Checkpoint.contents(of: goldens.appending(path: name), averages: averages)
      let (state, _) = contents.state.withoutSharedPrefix()
      #expect(state.names == ["weight", "bias"])
      #expect(state.allSatisfy { $0.tensor.min().item() == (averages ? 2 : 1) })
      #expect(
        contents.choice
          == WeightChoice(taken: averages ? averaged : trained, left: averages ? trained : averaged))
    }
  }

  @Test func `averages that are not there are one sentence`() throws {
    for name in ["state.safetensors", "training.pt", "state.pt"] {
      let error = #expect(throws: CheckpointError.self) {
        try Checkpoint.contents(of: goldens.appending(path: name), averages: true)
      }
      #expect(error?.message.hasPrefix("holds no averaged weights") == true)
    }
    #expect(try Checkpoint.contents(of: goldens.appending(path: "training.pt")).choice == nil)
  }

  @Test(arguments: [
    (["model.a.weight", "model.b"], ["a.weight", "b"], "model."),
    (["model.module._orig_mod.a.weight", "model.module._orig_mod.b"], ["a.weight", "b"], "model.module._orig_mod."),
    (["net.a", "net.b", "n_averaged"], ["net.a", "net.b", "n_averaged"], ""),
    (["module.a", "n_averaged", "module.b"], ["a", "b"], "module."),
    (["model.a", "criterion.weight"], ["model.a", "criterion.weight"], ""),
    (["model.a", "modelled.b"], ["model.a", "modelled.b"], ""),
    (["a", "a.b"], ["a", "a.b"], ""), ([], [], ""),
  ])
  func `what all names share goes`(names: [String], expected: [String], prefix: String) {
    let state = StateDictionary(names.map { ($0, Tensor(1 as Float)) })
    let (stripped, found) = state.withoutSharedPrefix()
    #expect(stripped.names == expected && found == prefix)
  }
}
