import SwiftletNN
import SwiftletTensor

/// What all layers of a network need to know of where the tokens of a sequence stand.
public struct LlamaContext {
  /// Nil where the network turns nothing.
  public let rotation: RotaryEmbedding.Tables?
  /// By window, where there is more to add to scores than hiding later tokens.
  private let biases: [Int?: Tensor]

  /// What the layers before have read, where one behind reads it again.
  private let inputs: InputTrail?

  /// - Parameters:
  ///   - positions: of each token, for rotations; nil is 0, 1, …
  ///   - remembersInputs: of so many layers; a context then serves one pass.
  init(
    _ configuration: LlamaConfiguration, tokens: Int, positions: [Int]?, device: Device, remembersInputs: Int = 0
  ) {
    inputs = remembersInputs > 0 ? InputTrail(depth: remembersInputs) : nil
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

  /// Notes what a layer's attention reads.
  func note(_ input: Tensor) { inputs?.note(input) }

  /// What the attention so many layers before the one that noted last has read.
  func input(layersBefore count: Int) -> Tensor {
    guard let inputs else { preconditionFailure("LlamaContext: nobody remembers what earlier layers read") }
    return inputs[layersBefore: count]
  }

  /// `[heads or 1, tokens, tokens]`; nil where later tokens are hidden and nothing else.
  func bias(window: Int?) -> Tensor? { biases[window.flatMap { $0 < tokens ? $0 : nil }] }
}

/// What the last layers of a pass have read.
private final class InputTrail {
  private let depth: Int
  private var inputs: [Tensor] = []

  init(depth: Int) { self.depth = depth }

  func note(_ input: Tensor) {
    inputs.append(input)
    if inputs.count > depth + 1 { inputs.removeFirst() }
  }

  subscript(layersBefore count: Int) -> Tensor {
    precondition((0..<inputs.count).contains(count), "LlamaContext: there are no \(count) layers before")
    return inputs[inputs.count - 1 - count]
  }
}
