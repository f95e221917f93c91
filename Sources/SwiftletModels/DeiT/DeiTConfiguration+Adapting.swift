import SwiftletCheckpoint
import SwiftletTensor

extension DeiTConfiguration {
  /// `dictionary` (timm's names) as this configuration's network takes it: position embeddings are resampled to its image
  /// size, and a class token's position that it has no place for is added to the token itself.
  ///
  /// - Parameters:
  ///   - trainedSize: the image size that the positions were learned for; without it their grid is taken for a square
  ///     if it can be one.
  ///   - antialiasing: resamples as timm does, not as Hugging Face does.
  /// - Throws: If tokens, norms or scales of the weights are not the configuration's; the sentence says which.
  public func adapting(
    _ dictionary: StateDictionary, trainedAt trainedSize: ImageSize? = nil, antialiasing: Bool = false
  ) throws(ConfigurationError) -> StateDictionary {
    try checkParts(of: dictionary)
    guard let embedding = dictionary["pos_embed"] else { return dictionary }
    guard embedding.rank == 3, embedding.shape[0] == 1 else {
      throw ConfigurationError("pos_embed has shape \(embedding.shape), expected [1, tokens, \(width)]")
    }
    let count = embedding.shape[1]
    func grid(after prefix: Int) -> PatchGrid? { learnedGrid(of: count - prefix, trainedAt: trainedSize) }
    func resampled(_ embedding: Tensor, prefix: Int, _ grid: PatchGrid) -> StateDictionary {
      var adapted = dictionary
      adapted["pos_embed"] = PositionEmbedding.resampled(
        embedding, prefixTokens: prefix, from: grid, to: self.grid, antialiased: antialiasing)
      return adapted
    }

    if let grid = grid(after: placedPrefixTokens) { return resampled(embedding, prefix: placedPrefixTokens, grid) }
    if positions == .patches, distillation == .none, let token = dictionary["cls_token"], let grid = grid(after: 1) {
      // The class token meets its position before the first block and nowhere else.
      let patches = embedding.narrowed(along: 1, from: 1, count: grid.count)
      var adapted = resampled(patches, prefix: 0, grid)
      adapted["cls_token"] = withNoGradient { token + embedding.narrowed(along: 1, from: 0, count: 1) }
      return adapted
    }
    if positions == .patches, grid(after: prefixTokens) != nil {
      throw ConfigurationError(
        "the weights hold a position for every token, not for patches alone: set positions: allTokens")
    }
    if positions == .allTokens, [0, 1].contains(where: { grid(after: $0) != nil }) {
      let owners = grid(after: 0) != nil ? "the patches alone" : "the class token and the patches alone"
      throw ConfigurationError("the weights hold positions for \(owners): set positions: patches")
    }
    throw ConfigurationError(
      "the weights hold \(count) positions, which beside \(placedPrefixTokens) prefix tokens form no square grid of "
        + "patches: give the image size that they were learned for")
  }

  /// The grid that so many patches were learned on.
  private func learnedGrid(of patches: Int, trainedAt trainedSize: ImageSize?) -> PatchGrid? {
    if let grid = trainedSize?.grid(of: patchSize), grid.count == patches { return grid }
    return PatchGrid(squareOf: patches) ?? (patches == self.patches ? grid : nil)
  }

  /// Checks that the weights hold the tokens, norms and scales that the configuration says, and no others.
  private func checkParts(of dictionary: StateDictionary) throws(ConfigurationError) {
    if (dictionary["cls_token"] != nil) != classToken {
      throw ConfigurationError(
        classToken
          ? "the weights hold no class token: set classToken: false and pooling: mean"
          : "the weights hold a class token, which the configuration leaves out: set classToken: true")
    }
    if (dictionary["dist_token"] != nil) != (distillation != .none) {
      throw ConfigurationError(
        distillation == .none
          ? "the weights are distilled, they hold a distillation token: set distillation: "
            + (dictionary["head_dist.weight"] == nil ? "token" : "head")
          : "the weights hold no distillation token: set distillation: none")
    }
    let registers = dictionary["reg_token"].map { $0.rank == 3 ? $0.shape[1] : 1 } ?? 0
    if registers != registerTokens {
      throw ConfigurationError(
        "the weights hold \(registers) register tokens, the configuration has \(registerTokens): set registerTokens: "
          + "\(registers)")
    }
    let mlp = ["fc1", "fc2"].compactMap { dictionary["blocks.0.mlp.\($0).weight"]?.shape }
    if mlp.count == 2, mlp.allSatisfy({ $0.count == 2 }), mlp[0][0] == 2 * mlp[1][1] {
      throw ConfigurationError(
        "the weights hold MLPs with a gate (SwiGLU), as DINOv2's giant has them: our blocks have two plain layers")
    }
    if let found = finalNorm(of: dictionary), found != finalNorm {
      throw ConfigurationError(
        "the weights hold their last norm \(found == .pooled ? "behind" : "in front of") the pooling: set finalNorm: "
          + found.rawValue)
    }
    if (dictionary["blocks.0.ls1.gamma"] != nil) != (layerScale != nil) {
      throw ConfigurationError(
        layerScale == nil
          ? "the weights scale the branches of their blocks: set layerScale: 1e-5, any start will do"
          : "the weights hold no layer scales: leave layerScale out")
    }
  }

  private func finalNorm(of dictionary: StateDictionary) -> FinalNorm? {
    if dictionary["norm.weight"] != nil { return .tokens }
    return dictionary["fc_norm.weight"] != nil ? .pooled : nil
  }
}
