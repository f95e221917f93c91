extension Demo {
  /// A 3-block DeiT on 6,000 drawn images, then an epoch of finetuning for each pattern: 2 to 3 minutes on 2 idle cores.
  ///
  /// Few tokens and wide layers: what training costs goes down with the tokens, what pruning gains goes up with the width.
  static let recipe = """
    model:
      family: deit
      configuration: {imageSize: 24, patchSize: 6, width: 192, depth: 3, heads: 4, classes: 10}

    data:
      kind: shapes
      shapes: {training: 6600, test: 2000, seed: 7}
      searchFraction: 0.0909
      mean: [0.5, 0.5, 0.5]
      deviation: [0.25, 0.25, 0.25]
      inMemory: true

    training:
      epochs: 5
      batchSize: 32
      learningRate: 1.0e-3
      weightDecay: 0.05
      warmupEpochs: 0.5
      clipNorm: 1
      precision: auto

    compression:
      epochs: 1
      learningRate: 4.0e-4
      warmupEpochs: 0.1
    """
}
