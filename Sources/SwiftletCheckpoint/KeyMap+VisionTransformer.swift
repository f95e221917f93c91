extension KeyMap {
  /// DeiT and ViT as timm and the repositories of DeiT and DINOv2 name them: our names, once the wrappers of distributed
  /// and compiled training are gone.
  public static let timm = KeyMap(
    [
      .rename("module._orig_mod.**", to: "**"),
      .rename("module.**", to: "**"),
      .rename("_orig_mod.**", to: "**"),
      .rename("register_tokens", to: "reg_token"),
      .drop("mask_token"),
    ] + gatedMLP(at: ["fc1_g", "fc1_x", "w12", "w3"].map { "blocks.*.mlp.\($0)" }))

  private static func gatedMLP(at layers: [String]) -> [Rule] {
    let reason = "belongs to an MLP with a gate (SwiGLU), as DINOv2's giant has it: our blocks have two plain layers"
    return layers.map { .refuse($0 + ".*", reason) }
  }

  /// `ViTForImageClassification`, `DeiTForImageClassification`, `DeiTForImageClassificationWithTeacher`,
  /// `Dinov2ForImageClassification`, the same with registers, and their base models of Hugging Face transformers. Query, key and value join to `attn.qkv`; a pooler or mask token is dropped.
  public static let huggingFace = KeyMap(
    ["vit.", "deit.", "dinov2.", "dinov2_with_registers.", ""].flatMap(huggingFaceBody) + [
      .rename("classifier.*", to: "head.*"),
      .rename("cls_classifier.*", to: "head.*"),
      .rename("distillation_classifier.*", to: "head_dist.*"),
    ], refusesUnknown: true)

  private static func huggingFaceBody(_ prefix: String) -> [Rule] {
    [
      .rename(prefix + "embeddings.cls_token", to: "cls_token"),
      .rename(prefix + "embeddings.distillation_token", to: "dist_token"),
      .rename(prefix + "embeddings.register_tokens", to: "reg_token"),
      .rename(prefix + "embeddings.position_embeddings", to: "pos_embed"),
      .rename(prefix + "embeddings.patch_embeddings.projection.*", to: "patch_embed.proj.*"),
      .drop(prefix + "embeddings.mask_token"),
    ] + fileLayer(prefix + "encoder.layer.*.") + memoryLayer(prefix + "layers.*.")
      + gatedMLP(
        at: ["weights_in", "weights_out", "gate_proj", "up_proj", "down_proj"].map {
          prefix + "encoder.layer.*.mlp.\($0)"
        }) + memoryLayer(prefix + "encoder.layer.*.") + dinoLayer(prefix + "encoder.layer.*.") + [
        .rename(prefix + "layernorm.*", to: "norm.*"),
        .drop(prefix + "pooler.**"),
      ]
  }

  /// A block as `save_pretrained` names it, in every version.
  private static func fileLayer(_ layer: String) -> [Rule] {
    [
      .fuse(["query", "key", "value"].map { layer + "attention.attention.\($0).*" }, into: "blocks.*.attn.qkv.*"),
      .rename(layer + "attention.output.dense.*", to: "blocks.*.attn.proj.*"),
      .rename(layer + "layernorm_before.*", to: "blocks.*.norm1.*"),
      .rename(layer + "layernorm_after.*", to: "blocks.*.norm2.*"),
      .rename(layer + "intermediate.dense.*", to: "blocks.*.mlp.fc1.*"),
      .rename(layer + "output.dense.*", to: "blocks.*.mlp.fc2.*"),
    ]
  }

  /// A block as `state_dict()` names it since transformers 5.
  private static func memoryLayer(_ layer: String) -> [Rule] {
    [
      .fuse(["q", "k", "v"].map { layer + "attention.\($0)_proj.*" }, into: "blocks.*.attn.qkv.*"),
      .rename(layer + "attention.o_proj.*", to: "blocks.*.attn.proj.*"),
      .rename(layer + "layernorm_before.*", to: "blocks.*.norm1.*"),
      .rename(layer + "layernorm_after.*", to: "blocks.*.norm2.*"),
      .rename(layer + "mlp.*.*", to: "blocks.*.mlp.*.*"),
    ]
  }

  /// What a block of DINOv2 has beside or instead of it.
  private static func dinoLayer(_ layer: String) -> [Rule] {
    [
      .rename(layer + "norm1.*", to: "blocks.*.norm1.*"),
      .rename(layer + "norm2.*", to: "blocks.*.norm2.*"),
      .rename(layer + "layer_scale1.lambda1", to: "blocks.*.ls1.gamma"),
      .rename(layer + "layer_scale2.lambda1", to: "blocks.*.ls2.gamma"),
    ]
  }

  /// The map for a checkpoint of a vision transformer, told by its names.
  public static func visionTransformer(for foreign: StateDictionary) -> KeyMap {
    usesHuggingFaceNames(foreign) ? .huggingFace : .timm
  }

  /// Whether Hugging Face transformers named the weights, of whichever network of ours.
  public static func usesHuggingFaceNames(_ foreign: StateDictionary) -> Bool {
    foreign.names.contains { $0.hasSuffix("embeddings.patch_embeddings.projection.weight") }
  }
}
