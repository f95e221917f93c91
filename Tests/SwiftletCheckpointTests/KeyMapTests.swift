import SwiftletTensor
import Testing

@testable import SwiftletCheckpoint

@Suite(torch) struct KeyMapTests {
  /// Oracle: timm's names, and the tensors under Hugging Face's own.
  @Test(arguments: ["vit", "deit"], ["safetensors", "pt"])
  func `Hugging Face checkpoints become timm's`(model: String, kind: String) throws {
    let foreign = try Checkpoint.read(from: goldens.appending(path: "huggingface-\(model).\(kind)"))
    let ours = try KeyMap.visionTransformer(for: foreign)(foreign)
    var names: Set = ["cls_token", "pos_embed"]
    for name in ["patch_embed.proj", "norm", "head"] { names.formUnion(["\(name).weight", "\(name).bias"]) }
    for block in 0..<2 {
      for name in ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"] {
        names.formUnion(["blocks.\(block).\(name).weight", "blocks.\(block).\(name).bias"])
      }
    }
    if model == "deit" { names.formUnion(["dist_token", "head_dist.weight", "head_dist.bias"]) }
    #expect(Set(ours.names) == names)

    let attention = kind == "pt" ? "\(model).layers.1.attention." : "\(model).encoder.layer.1.attention.attention."
    let parts = kind == "pt" ? ["q_proj", "k_proj", "v_proj"] : ["query", "key", "value"]
    let joined = try Tensor.concatenated(parts.map { try #require(foreign["\(attention)\($0).weight"]) })
    #expect(try #require(ours["blocks.1.attn.qkv.weight"]).isEqual(to: joined))
    #expect(ours["blocks.1.attn.qkv.bias"]?.shape == [12] && ours["blocks.0.mlp.fc1.weight"]?.shape == [8, 4])
    #expect(ours["pos_embed"]?.shape == [1, model == "deit" ? 6 : 5, 4])
  }

  @Test func `timm checkpoints keep their names and lose their wrappers`() throws {
    let tensor = Tensor.zeros([1])
    let foreign = StateDictionary([
      ("module.blocks.0.norm1.weight", tensor), ("module._orig_mod.head.bias", tensor), ("_orig_mod.cls_token", tensor),
      ("pos_embed", tensor),
    ])
    #expect(try KeyMap.timm(foreign).names == ["blocks.0.norm1.weight", "head.bias", "cls_token", "pos_embed"])
    #expect(KeyMap.visionTransformer(for: foreign) == .timm)
  }

  @Test func `stars stand for parts of a name`() {
    #expect(KeyMap.match("a.1.b", "a.*.b") == ["1"])
    #expect(KeyMap.match("a.1.b", "a.*") == nil)
    #expect(KeyMap.match("a.1.b", "a.**") == ["1.b"])
    #expect(KeyMap.match("x.y.a.b", "**.a.*") == ["x.y", "b"])
    #expect(KeyMap.match("a", "a.**") == [""])
    #expect(KeyMap.match("a.b", "a.b") == [] && KeyMap.match("a.b", "a.c") == nil)
  }

  @Test func `what does not fit is refused with the names`() {
    let tensor = Tensor.zeros([2])
    func message(_ map: KeyMap, _ names: [String]) -> String? {
      #expect(throws: CheckpointError.self) { try map(StateDictionary(names.map { ($0, tensor) })) }?.message
    }
    #expect(
      message(.huggingFace, ["bert.embeddings.word_embeddings.weight"])
        == "bert.embeddings.word_embeddings.weight has no counterpart in our models; is this checkpoint of another architecture?"
    )
    let fuse = KeyMap([.fuse(["q.*", "k.*"], into: "qk.*")])
    #expect(message(fuse, ["q.w"]) == "qk.w lacks a part: q.w has no counterpart")
    #expect(message(KeyMap([.rename("*.w", to: "w")]), ["a.w", "b.w"]) == "b.w and a.w both become w")
    let error = #expect(throws: CheckpointError.self) {
      try fuse(StateDictionary([("q.w", Tensor.zeros([2, 3])), ("k.w", Tensor.zeros([2, 4]))]))
    }
    #expect(error?.message == "the parts of qk.w have shapes [[2, 3], [2, 4]], which do not join")
  }
}
