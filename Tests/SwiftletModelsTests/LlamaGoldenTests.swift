import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Oracle: Hugging Face transformers with random weights, by tools/goldens/llama.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LlamaGoldenTests {
  static let names = [
    "plain", "grouped", "mistral", "qwen2", "linear", "dynamic", "llama3", "yarn", "yarn-odd", "unplaced", "alibi",
  ]

  private struct Reference {
    let model: LlamaModel
    let file: StateDictionary

    init(_ name: String) throws {
      let file = try Checkpoint.read(from: Goldens.url("llama-\(name).safetensors"))
      let json = try #require(file.metadata["configuration"])
      let weights = StateDictionary(file.filter { !$0.name.hasPrefix("golden.") }.map { ($0.name, $0.tensor) })
      model = try LlamaModel(LlamaConfiguration(huggingFace: Array(json.utf8)), weights, from: name)
      self.file = file
    }

    subscript(name: String) -> Tensor {
      get throws { try #require(file["golden.\(name)"]) }
    }
  }

  /// Scores of a size of up to 20, through two layers in float32.
  @Test(arguments: names)
  func `scores equal the reference's within 1e-4`(name: String) throws {
    let reference = try Reference(name)
    let ids = try reference["ids"]
    #expect(distance(withNoGradient { reference.model(ids) }, try reference["scores"]) < 1e-4)
  }

  /// At positions up to 39,999 the rounding of an angle in float32 is 0.002, and both sides have to round alike: a last bit of
  /// a frequency moves scores by as much.
  @Test(arguments: names)
  func `scores far away equal the reference's within 1e-3`(name: String) throws {
    let reference = try Reference(name)
    let (ids, positions) = (try reference["ids"], try reference["positions"].scalars(as: Int64.self).map { Int($0) })
    let model = reference.model
    let scores = withNoGradient { model.scores(of: model.features(ids, at: positions)) }
    #expect(distance(scores, try reference["far"]) < 1e-3)
    // The test would see positions that are not read.
    let near = withNoGradient { model(ids) }
    switch model.configuration.positions {
    case .rotary: #expect(distance(near, scores) > 0.1)
    case .linearBiases, .none: #expect(distance(near, scores) == 0)
    }
  }

  /// Law: nothing that comes later changes a score.
  @Test(arguments: names)
  func `a token sees none behind it`(name: String) throws {
    let reference = try Reference(name)
    let ids = try reference["ids"]
    // Dynamic scaling depends on the length, but not below the trained one.
    let whole = withNoGradient { reference.model(ids) }
    for count in [1, 2, 5, 11] {
      let part = withNoGradient { reference.model(ids.narrowed(along: 1, from: 0, count: count)) }
      #expect(distance(part, whole.narrowed(along: 1, from: 0, count: count)) < 1e-4)
    }
  }

  @Test(arguments: names)
  func `a configuration survives its config.json`(name: String) throws {
    let configuration = try Reference(name).model.configuration
    #expect(try LlamaConfiguration(huggingFace: configuration.huggingFace()) == configuration)
  }

  /// A slot's path leads to a layer of the shape that it says, which another layer may replace.
  @Test(arguments: ["grouped", "qwen2", "alibi"])
  func `slots lead to layers that low-rank factors may replace`(name: String) throws {
    let reference = try Reference(name)
    let (model, ids) = (reference.model, try reference["ids"])
    let expected = withNoGradient { model(ids) }
    for slot in model.slots {
      let layer = try #require(try model.layer(at: slot.path) as? Linear)
      #expect(layer.weight.shape == [slot.outputs, slot.inputs])
      guard slot.kind == .keys || slot.kind == .values else { continue }
      #expect(slot.heads == model.configuration.keyHeads)
      // Full rank: the identity behind the layer, whose bias moves there.
      try model.replaceLayer(
        at: slot.path,
        with: Factors(
          down: Linear(weight: layer.weight, bias: nil), up: Linear(weight: .eye(slot.outputs), bias: layer.bias)))
    }
    #expect(model.slots.count { $0.kind == .keys } == model.configuration.layers)
    #expect(distance(withNoGradient { model(ids) }, expected) < 1e-5)
    #expect(distance(withNoGradient { model.copy()(ids) }, expected) < 1e-5)
  }

  @Test func `the likeliest tokens follow, until one that ends a text`() throws {
    let reference = try Reference("plain")
    let model = reference.model
    let start = [1, 5, 9]
    let ids = model.continuation(of: start, count: 8, ends: false)
    #expect(ids.count == 11 && Array(ids.prefix(3)) == start)
    for length in 3..<11 {
      let scores = withNoGradient { model(Tensor(ids.prefix(length).map(Int64.init), shape: [1, length])) }
      let last = scores.select(along: 1, at: length - 1)
      #expect(Int(last.argmax(along: 1).item()) == ids[length])
    }
    let stopping = model.continuation(of: start, count: 8)
    let end = ids.dropFirst(3).firstIndex { model.configuration.endTokens.contains($0) } ?? 10
    #expect(stopping == Array(ids.prefix(end + 1)))
  }

  @Test func `a folder of Hugging Face loads, and one that does not fit is refused with what is wrong`() throws {
    let reference = try Reference("grouped")
    let folder = try TemporaryFolder()
    let json = try #require(reference.file.metadata["configuration"])
    let weights = reference.model.stateDictionary()
    func write(_ state: StateDictionary) throws {
      try Checkpoint.write(state, to: folder.url.appending(path: "model.safetensors"))
    }
    func refuses(_ text: String) {
      let error = #expect(throws: (any Error).self) { try LlamaModel(folder: folder.url) }
      #expect(error.map { "\($0)".contains(text) } ?? false, "\(String(describing: error))")
    }
    try write(weights)
    refuses("has no config.json")
    try folder.write(Array(json.utf8), to: "config.json")
    let ids = try reference["ids"]
    let model = try LlamaModel(folder: folder.url)
    #expect(distance(withNoGradient { model(ids) }, try reference["scores"]) < 1e-4)

    // Written beside the weights by others.
    var state = weights
    state["model.layers.0.self_attn.rotary_emb.inv_freq"] = .ones([3])
    state["lm_head.weight"] = weights["model.embed_tokens.weight"]?.clone()
    try write(state)
    #expect(try LlamaModel(folder: folder.url).parameterCount == model.parameterCount)
    state["lm_head.weight"] = .zeros([30, 16])
    try write(state)
    refuses("lm_head.weight differs from model.embed_tokens.weight")

    state = weights
    state["model.norm.weight"] = .full([16], .nan)
    try write(state)
    refuses("model.norm.weight holds numbers that are infinite or not numbers at all")
    state["model.norm.weight"] = .ones([15])
    try write(state)
    refuses("model.norm.weight has shape [15]")
    state["model.norm.weight"] = nil
    try write(state)
    refuses("lacks model.norm.weight")
  }
}

/// Two layers in the place of one.
private final class Factors: Layer {
  @Child var down: Linear
  @Child var up: Linear

  init(down: Linear, up: Linear) {
    self.down = down
    self.up = up
  }

  func callAsFunction(_ x: Tensor) -> Tensor { up(down(x)) }
  func shallowCopy() -> Factors { Factors(down: down, up: up) }
}
