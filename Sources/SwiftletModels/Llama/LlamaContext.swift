import SwiftletNN
import SwiftletTensor

/// What all layers of a network need to know of where the tokens of a sequence stand.
public struct LlamaContext {
  /// Nil where the network turns nothing.
  public let rotation: RotaryEmbedding.Tables?
  /// By window, where there is more to add to scores than hiding later tokens.
  private let biases: [Int?: Tensor]

  /// - Parameter positions: of each token, for rotations; nil is 0, 1, …
  init(_ configuration: LlamaConfiguration, tokens: Int, positions: [Int]?, device: Device) {
    switch configuration.positions {
    case .rotary(let base, let scaling):
      let embedding = RotaryEmbedding(width: configuration.headWidth, base: base, scaling: scaling)
      let places =
        positions.map { Tensor($0.map(Int64.init), shape: [$0.count], device: device) }
        ?? .range(to: Double(tokens), device: device)
      rotation = embedding.tables(for: places, length: (positions?.max() ?? tokens - 1) + 1)
    case .linearBiases, .none: rotation = nil
    }
    let slopes = configuration.positions == .linearBiases ? CausalBias.linearSlopes(heads: configuration.heads) : []
    var biases: [Int?: Tensor] = [:]
    for window in Set(configuration.windows) {
      // A window that holds all tokens hides none.
      let window = window.flatMap { $0 < tokens ? $0 : nil }
      if window != nil || !slopes.isEmpty, biases[window] == nil {
        biases[window] = CausalBias.scores(tokens: tokens, window: window, slopes: slopes, device: device)
      }
    }
    self.biases = biases
    self.tokens = tokens
  }

  private let tokens: Int

  /// `[heads or 1, tokens, tokens]`; nil where later tokens are hidden and nothing else.
  func bias(window: Int?) -> Tensor? { biases[window.flatMap { $0 < tokens ? $0 : nil }] }
}
