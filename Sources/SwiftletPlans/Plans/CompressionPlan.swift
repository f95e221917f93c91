import SwiftletRuntime

/// What every compressible layer of a model becomes: layer path to ``LayerChoice``.
///
/// Layers that a plan does not name stay as they are. Searches return plans, pruning, training and export apply them,
/// and `CompressionPlan+File.swift` keeps them as readable JSON.
public struct CompressionPlan: Hashable, Sendable {
  public private(set) var choices: [String: LayerChoice]

  public init(_ choices: [String: LayerChoice] = [:]) {
    self.choices = choices
  }

  /// The paths of the layers, block by block.
  public var paths: [String] { choices.keys.sorted(by: LayerPath.precedes) }

  public subscript(path: String) -> LayerChoice? {
    get { choices[path] }
    set { choices[path] = newValue }
  }

  /// The same choice for all of these layers.
  public static func uniform(
    _ pattern: SparsityPattern, precision: Precision = .fp32, layers: some Sequence<String>
  ) -> CompressionPlan {
    var plan = CompressionPlan()
    for path in layers { plan[path] = LayerChoice(pattern: pattern, precision: precision) }
    return plan
  }

  /// Checks that every layer the plan names is one of `layers`, and that the pattern's groups divide its inputs.
  public func validate(for layers: [(path: String, inputs: Int)]) throws(CompressionPlanError) {
    let inputs = Dictionary(layers.map { ($0.path, $0.inputs) }, uniquingKeysWith: { first, _ in first })
    for path in paths {
      guard let inputs = inputs[path], let choice = choices[path] else {
        throw .unknownLayer(path: path, known: inputs.keys.sorted(by: LayerPath.precedes))
      }
      guard inputs.isMultiple(of: choice.pattern.group) else {
        throw .indivisible(path: path, inputs: inputs, pattern: choice.pattern)
      }
    }
  }
}

/// Why a plan is refused.
public enum CompressionPlanError: Error, Hashable, Sendable {
  /// The text is not a plan; says where and why.
  case malformed(String)
  case unreadable(String, reason: String)
  case unwritable(String, reason: String)
  case unknownLayer(path: String, known: [String])
  case indivisible(path: String, inputs: Int, pattern: SparsityPattern)
}

extension CompressionPlanError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let reason):
      "this is no compression plan: \(reason)"
    case .unreadable(let path, let reason):
      "the plan \(path) cannot be read: \(reason)"
    case .unwritable(let path, let reason):
      "the plan \(path) cannot be written: \(reason)"
    case .unknownLayer(let path, let known):
      known.isEmpty
        ? "the plan names \(path), and the model has no compressible layers"
        : "the plan names \(path), which is no compressible layer of the model; its layers are \(known[0]) to "
          + known[known.count - 1]
    case .indivisible(let path, let inputs, let pattern):
      "\(path) has \(inputs) inputs, which groups of \(pattern.group) do not divide: "
        + "choose a pattern other than \(pattern) for it"
    }
  }
}
