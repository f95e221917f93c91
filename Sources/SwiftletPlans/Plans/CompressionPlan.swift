import SwiftletRuntime

/// What every compressible layer of a model becomes: layer path to ``LayerChoice``.
///
/// Layers that a plan does not name stay as they are. Searches return plans, pruning, training and export apply them,
/// and `CompressionPlan+File.swift` keeps them as readable JSON.
public struct CompressionPlan: Hashable, Sendable {
  public private(set) var choices: [String: LayerChoice]
  /// What else its choices were found for, in the words of the method that carries them out; nil where nothing else matters.
  public var method: String?

  public init(_ choices: [String: LayerChoice] = [:], for method: String? = nil) {
    (self.choices, self.method) = (choices, method)
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
    uniform(LayerChoice(pattern: pattern, precision: precision), layers: layers)
  }

  /// The same choice for all of these layers.
  public static func uniform(_ choice: LayerChoice, layers: some Sequence<String>) -> CompressionPlan {
    CompressionPlan(Dictionary(layers.map { ($0, choice) }, uniquingKeysWith: { first, _ in first }))
  }

  /// - Throws: `CompressionPlanError.unsupported` if the plan decides something that `reader` does not carry out.
  public func require(only axes: Set<LayerChoice.Axis>, by reader: String) throws(CompressionPlanError) {
    for path in paths { try choices[path]?.require(only: axes, at: path, by: reader) }
  }

  /// Checks that every layer the plan names is one of `slots`, that the decisions make sense for it, and that the pattern's
  /// groups divide its inputs.
  public func validate(for slots: [Slot]) throws(CompressionPlanError) {
    let known = Dictionary(slots.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    for path in paths {
      guard let slot = known[path], let choice = choices[path] else {
        throw .unknownLayer(path: path, known: known.keys.sorted(by: LayerPath.precedes))
      }
      if let axis = choice.decided.first(where: { !slot.axes.contains($0) }) {
        throw .unsuitable(path: path, axis: axis.rawValue)
      }
      guard slot.inputs.isMultiple(of: choice.sparsity.group) else {
        throw .indivisible(path: path, inputs: slot.inputs, pattern: choice.sparsity)
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
  /// A decision that makes no sense for the layer.
  case unsuitable(path: String, axis: String)
  /// None of a space's choices makes sense for the layer.
  case noChoice(path: String)
  /// What no rule of costs has a formula for.
  case uncounted(path: String, choice: LayerChoice, unit: PlanCosts.Unit)
  /// A decision that what reads the plan does not carry out.
  case unsupported(path: String, axis: String, reader: String)
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
    case .unsuitable(let path, let axis):
      "the plan decides \(axis) for \(path), which makes no sense for this layer: leave it out of the plan"
    case .noChoice(let path):
      "none of the choices makes sense for \(path): add one to the space, or leave the layer out of it"
    case .uncounted(let path, let choice, let unit):
      "nobody knows the \(unit.title) of \(path) at \(choice): choose something else for it, or another budget"
    case .unsupported(let path, let axis, let reader):
      "the plan decides \(axis) for \(path), which \(reader) does not carry out: leave it out of the plan"
    }
  }
}
