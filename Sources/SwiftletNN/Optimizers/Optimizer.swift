import SwiftletCheckpoint
import SwiftletTensor

/// Moves parameters along their gradients.
public protocol Optimizer: AnyObject {
  var groups: [ParameterGroup] { get }

  /// Moves every parameter that has a gradient; the others stay as they are.
  func step(learningRate: Double)

  /// What the optimiser remembers, by name, e.g. `blocks.0.attn.qkv.weight.average`; the tensors are live.
  var state: StateDictionary { get }
}

extension Optimizer {
  /// Forgets all gradients, so that the next backward pass starts fresh; or those of some parameters, so that the next
  /// step leaves them, and what is remembered of them, as they are.
  public func clearGradients(where isCleared: (_ name: String) -> Bool = { _ in true }) {
    for group in groups {
      for parameter in group.parameters where isCleared(parameter.name) { parameter.tensor.gradient = nil }
    }
  }

  /// Takes over a state that was saved from an optimiser over the same parameters.
  ///
  /// - Throws: `OptimizerStateError` if an entry is missing, has another shape, or belongs to no parameter.
  public func restore(_ saved: StateDictionary) throws(OptimizerStateError) {
    try state.takeOver(saved)
  }
}

extension StateDictionary {
  /// Copies the values of `saved`, which must have the same names and shapes, into these tensors.
  func takeOver(_ saved: StateDictionary) throws(OptimizerStateError) {
    for (name, tensor) in self {
      guard let given = saved[name] else { throw .missing(name) }
      guard given.shape == tensor.shape else { throw .shape(name, saved: given.shape, expected: tensor.shape) }
    }
    if let stranger = saved.names.first(where: { self[$0] == nil }) { throw .unexpected(stranger) }
    withNoGradient {
      for (name, tensor) in self {
        if let given = saved[name] { tensor.copyInPlace(from: given) }
      }
    }
  }
}

/// Parameters that share their settings.
public struct ParameterGroup {
  public let parameters: [(name: String, tensor: Tensor)]
  public let weightDecay: Double

  public init(_ parameters: [(name: String, tensor: Tensor)], weightDecay: Double) {
    (self.parameters, self.weightDecay) = (parameters, weightDecay)
  }

  /// Two groups: matrices and kernels decay; biases, norms, position embeddings, tables of position biases and
  /// class tokens do not.
  ///
  /// Source: Touvron et al., "Training data-efficient image transformers" (2021), as timm groups parameters.
  public static func decaying(
    _ parameters: [(name: String, tensor: Tensor)], weightDecay: Double
  ) -> [ParameterGroup] {
    let exempt: Set<Substring> = ["pos_embed", "cls_token", "dist_token", "relative_position_bias_table"]
    let decays = { (name: String, tensor: Tensor) in
      tensor.shape.count > 1 && !exempt.contains(name.split(separator: ".").last ?? "")
    }
    return [
      ParameterGroup(parameters.filter(decays), weightDecay: weightDecay),
      ParameterGroup(parameters.filter { !decays($0.name, $0.tensor) }, weightDecay: 0),
    ].filter { !$0.parameters.isEmpty }
  }
}

/// Why a saved optimiser state does not fit.
public enum OptimizerStateError: Error, Hashable, CustomStringConvertible {
  case missing(String)
  case unexpected(String)
  case shape(String, saved: [Int], expected: [Int])

  public var description: String {
    switch self {
    case .missing(let name): "the saved optimiser state lacks \(name)"
    case .unexpected(let name): "the saved optimiser state holds \(name), which belongs to no parameter"
    case .shape(let name, let saved, let expected):
      "\(name) has shape \(saved) in the saved optimiser state, the parameter needs \(expected)"
    }
  }
}
