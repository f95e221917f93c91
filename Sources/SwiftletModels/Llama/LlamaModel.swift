import Foundation
import SwiftletCheckpoint
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// A language model of the Llama family: token ids to the scores of each next token.
///
/// ```swift
/// let model = try LlamaModel(folder: URL(filePath: "models/smollm2"))
/// let scores = model(Tensor([504, 3575], shape: [1, 2]))  // [1, 2, vocabulary]
/// ```
/// Shapes: ids are int64, `[batch, tokens]`; the result is `[batch, tokens, vocabulary]`. Parameter paths are Hugging
/// Face's. Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models" (2023), section 2.2.
public final class LlamaModel: Layer, CompressibleModel {
  public let configuration: LlamaConfiguration
  @Child public var embedding: Embedding
  @Child public var blocks: [LlamaBlock]
  @Child public var norm: RMSNorm
  /// Nil where the embedding's table scores the tokens.
  @Child public var head: (any Layer)?

  public static let pathNames = [
    "embedding": "model.embed_tokens", "blocks": "model.layers", "norm": "model.norm", "head": "lm_head",
  ]

  private init(
    _ configuration: LlamaConfiguration, embedding: Embedding, blocks: [LlamaBlock], norm: RMSNorm, head: (any Layer)?
  ) {
    self.configuration = configuration
    self.embedding = embedding
    self.blocks = blocks
    self.norm = norm
    self.head = head
  }

  /// A network with random weights from `N(0, 0.02²)`; those that end a branch are smaller by `√(2 layers)`, so that the
  /// sum of all branches does not grow with the depth. Biases are 0, norms 1.
  ///
  /// Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.3.
  public convenience init(_ configuration: LlamaConfiguration, using generator: Generator) throws(ConfigurationError) {
    let ending = 0.02 / Double(2 * max(configuration.layers, 1)).squareRoot()
    try self.init(configuration) { shape, endsBranch in
      Initialization.normal(standardDeviation: endsBranch ? ending : 0.02).parameter(shape, using: generator)
    }
  }

  /// - Parameter matrix: makes a weight of a shape; `endsBranch` for those whose outputs are added to the tokens.
  convenience init(
    _ configuration: LlamaConfiguration, matrix: (_ shape: [Int], _ endsBranch: Bool) -> Tensor
  ) throws(ConfigurationError) {
    try configuration.validate()
    let (width, headWidth) = (configuration.width, configuration.headWidth)
    let (queries, keys) = (configuration.heads * headWidth, configuration.keyHeads * headWidth)
    func linear(_ inputs: Int, _ outputs: Int, bias: Bool, endsBranch: Bool = false) -> Linear {
      Linear(weight: matrix([outputs, inputs], endsBranch), bias: bias ? .parameterOfZeros([outputs]) : nil)
    }
    let (biased, feedForwardBias) = (configuration.attentionBias, configuration.feedForwardBias)
    let embedding = Embedding(weight: matrix([configuration.vocabulary, width], false))
    let blocks = configuration.windows.map { window in
      LlamaBlock(
        norm1: RMSNorm(width: width, epsilon: configuration.normEpsilon),
        attention: LlamaAttention(
          query: linear(width, queries, bias: biased != .none), key: linear(width, keys, bias: biased != .none),
          value: linear(width, keys, bias: biased != .none),
          output: linear(queries, width, bias: biased == .all, endsBranch: true), heads: configuration.heads,
          keyHeads: configuration.keyHeads, headWidth: headWidth, window: window),
        norm2: RMSNorm(width: width, epsilon: configuration.normEpsilon),
        feedForward: GatedFeedForward(
          gate: linear(width, configuration.hidden, bias: feedForwardBias),
          up: linear(width, configuration.hidden, bias: feedForwardBias),
          down: linear(configuration.hidden, width, bias: feedForwardBias, endsBranch: true),
          activation: configuration.activation))
    }
    self.init(
      configuration, embedding: embedding, blocks: blocks,
      norm: RMSNorm(width: width, epsilon: configuration.normEpsilon),
      head: configuration.tiesEmbeddings ? nil : linear(width, configuration.vocabulary, bias: false))
  }

  public func callAsFunction(_ ids: Tensor) -> Tensor { scores(of: features(ids)) }

  /// What the tokens are after the last norm, `[batch, tokens, width]`.
  ///
  /// - Parameter positions: where each token stands, one number for each; nil is 0, 1, … Whom a token sees follows from
  ///   the order alone.
  public func features(_ ids: Tensor, at positions: [Int]? = nil) -> Tensor {
    let (_, tokens) = ids.shape2
    if let positions, positions.count != tokens {
      reportFailure("LlamaModel", "\(positions.count) positions were given for \(tokens) tokens")
    }
    let context = LlamaContext(
      configuration, tokens: tokens, positions: positions, device: ids.device, remembersInputs: rememberedInputs)
    var x = embedding(ids)
    for block in blocks { x = block(x, in: context) }
    return norm(x)
  }

  /// Of so many layers back something is read again.
  var rememberedInputs: Int { blocks.map(\.attention.layersBefore).max() ?? 0 }

  /// The scores of each next token, `[…, vocabulary]`, of features `[…, width]`.
  public func scores(of features: Tensor) -> Tensor {
    head.map { $0(features) } ?? features.linear(weight: embedding.weight)
  }

  public func shallowCopy() -> LlamaModel {
    LlamaModel(configuration, embedding: embedding, blocks: blocks, norm: norm, head: head)
  }
}
