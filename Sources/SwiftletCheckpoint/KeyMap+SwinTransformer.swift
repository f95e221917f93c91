extension KeyMap {
  /// Swin as timm has named it since 0.9: our names. What follows from the shape of the network is dropped.
  public static let timmSwin = KeyMap(derivedFromShape)

  /// Swin as its authors and timm before 0.9 name it: a merging of patches ends the stage before, the head is plain.
  public static let earlierSwin = KeyMap(
    derivedFromShape + laterMerging(at: "layers.") + [.rename("head.*", to: "head.fc.*")])

  /// `SwinForImageClassification` and `SwinModel` of Hugging Face transformers.
  public static let huggingFaceSwin = KeyMap(
    ["swin.", ""].flatMap(huggingFaceSwinBody) + [.rename("classifier.*", to: "head.fc.*")], refusesUnknown: true)

  private static let derivedFromShape: [Rule] = [
    .drop("**.attn.relative_position_index"), .drop("**.attn_mask"),
  ]

  /// The merging that ends stage N begins our stage N + 1.
  private static func laterMerging(at stages: String) -> [Rule] {
    (0..<8).map { .rename("\(stages)\($0).downsample.**", to: "layers.\($0 + 1).downsample.**") }
  }

  private static func huggingFaceSwinBody(_ prefix: String) -> [Rule] {
    let block = prefix + "encoder.layers.*.blocks.*."
    let ours = "layers.*.blocks.*."
    return [
      .rename(prefix + "embeddings.patch_embeddings.projection.*", to: "patch_embed.proj.*"),
      .rename(prefix + "embeddings.norm.*", to: "patch_embed.norm.*"),
      .drop(prefix + "embeddings.mask_token"),
      // As `save_pretrained` names a block, in every version.
      .fuse(["query", "key", "value"].map { block + "attention.self.\($0).*" }, into: ours + "attn.qkv.*"),
      .rename(
        block + "attention.self.relative_position_bias_table", to: ours + "attn.relative_position_bias_table"),
      .drop(block + "attention.self.relative_position_index"),
      .rename(block + "attention.output.dense.*", to: ours + "attn.proj.*"),
      .rename(block + "layernorm_before.*", to: ours + "norm1.*"),
      .rename(block + "layernorm_after.*", to: ours + "norm2.*"),
      .rename(block + "intermediate.dense.*", to: ours + "mlp.fc1.*"),
      .rename(block + "output.dense.*", to: ours + "mlp.fc2.*"),
      // As `state_dict()` names it since transformers 5.
      .fuse(["q", "k", "v"].map { block + "attention.\($0)_proj.*" }, into: ours + "attn.qkv.*"),
      .rename(
        block + "attention.relative_position_bias.relative_position_bias_table",
        to: ours + "attn.relative_position_bias_table"),
      .drop(block + "attention.relative_position_bias.relative_position_index"),
      .rename(block + "attention.o_proj.*", to: ours + "attn.proj.*"),
      .rename(block + "mlp.*.*", to: ours + "mlp.*.*"),
    ] + laterMerging(at: prefix + "encoder.layers.") + [
      .rename(prefix + "layernorm.*", to: "norm.*")
    ]
  }

  /// The weights of a Swin checkpoint under our names; who named them is told by the names.
  ///
  /// - Throws: ``CheckpointError`` when a name is unknown, two names become one, or a part of a fused tensor is missing.
  public static func swinTransformer(_ foreign: StateDictionary) throws(CheckpointError) -> StateDictionary {
    let unwrapped = try timm(foreign)
    if usesHuggingFaceNames(unwrapped) { return try huggingFaceSwin(unwrapped) }
    // Without a first stage that ends in a merging, only the plain head tells an earlier checkpoint.
    let isEarlier = unwrapped["layers.0.downsample.reduction.weight"] != nil || unwrapped["head.weight"] != nil
    return try (isEarlier ? earlierSwin : timmSwin)(unwrapped)
  }
}
