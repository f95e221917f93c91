extension Demo {
  /// A 4-block DeiT on 10,000 drawn images, then a short finetuning for each pattern: 2 to 10 minutes on 2 cores.
  static let recipe = """
    model:
      family: deit
      configuration: {imageSize: 32, patchSize: 4, width: 128, depth: 4, heads: 4, classes: 10}
      initialization: mimetic

    data:
      kind: shapes
      shapes: {training: 11000, test: 2000, seed: 7}
      searchFraction: 0.0909
      mean: [0.5, 0.5, 0.5]
      deviation: [0.25, 0.25, 0.25]
      inMemory: true

    training:
      epochs: 8
      batchSize: 64
      learningRate: 1.0e-3
      weightDecay: 0.05
      warmupEpochs: 0.5
      clipNorm: 1
      precision: auto

    compression:
      epochs: 2
      learningRate: 4.0e-4
      warmupEpochs: 0.1
    """
}
