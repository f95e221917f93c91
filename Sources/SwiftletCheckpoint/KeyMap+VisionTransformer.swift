extension KeyMap {
  /// DeiT and ViT as timm and Facebook's DeiT repository name them: our names, once the wrappers of distributed and
  /// compiled training are gone.
  public static let timm = KeyMap([
    .rename("module._orig_mod.**", to: "**"),
    .rename("module.**", to: "**"),
    .rename("_orig_mod.**", to: "**"),
  ])

  /// `ViTForImageClassification`, `DeiTForImageClassification`, `DeiTForImageClassificationWithTeacher` and their base
  /// models of Hugging Face transformers. Query, key and value join to `attn.qkv`; a pooler or mask token is dropped.
  public static let huggingFace = KeyMap(
    ["vit.", "deit.", ""].flatMap(huggingFaceBody) + [
      .rename("classifier.*", to: "head.*"),
      .rename("cls_classifier.*", to: "head.*"),
      .rename("distillation_classifier.*", to: "head_dist.*"),
    ], refusesUnknown: true)

  private static func huggingFaceBody(_ prefix: String) -> [Rule] {
    [
      .rename(prefix + "embeddings.cls_token", to: "cls_token"),
      .rename(prefix + "embeddings.distillation_token", to: "dist_token"),
      .rename(prefix + "embeddings.position_embeddings", to: "pos_embed"),
      .rename(prefix + "embeddings.patch_embeddings.projection.*", to: "patch_embed.proj.*"),
      .drop(prefix + "embeddings.mask_token"),
    ] + fileLayer(prefix + "encoder.layer.*.") + memoryLayer(prefix + "layers.*.") + [
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

  /// The map for a checkpoint of a vision transformer, told by its names.
  public static func visionTransformer(for foreign: StateDictionary) -> KeyMap {
    foreign.names.contains { $0.hasSuffix("embeddings.patch_embeddings.projection.weight") } ? .huggingFace : .timm
  }
}
