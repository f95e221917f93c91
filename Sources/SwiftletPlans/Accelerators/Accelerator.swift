import SwiftletRuntime

/// What runs a network: the levels and precisions it takes, and what a layer costs on it.
///
/// Accelerators are data: `accelerators/*.yaml` (`Accelerator+YAML.swift`).
public struct Accelerator: Hashable, Sendable {
  public var name: String
  /// Where the figures come from.
  public var source: String
  public var levels: [SparsityPattern]
  /// The usual one first.
  public var precisions: [Precision]
  public var cost: Cost

  public init(name: String, source: String, levels: [SparsityPattern], precisions: [Precision], cost: Cost) {
    (self.name, self.source, self.levels, self.precisions, self.cost) = (name, source, levels, precisions, cost)
  }

  /// How long a layer takes.
  public enum Cost: Hashable, Sendable {
    /// In proportion to the work that is left: the ideal machine.
    case multiplyAdds
    /// This many times as fast as the dense reference engine, by level; everything but the layers at its rate.
    case speeds([SparsityPattern: Double])
    case measured(MeasuredTimes)
  }

  /// - Throws: ``AcceleratorError`` if the accelerator does not run one of these levels or precisions.
  public func check(_ levels: [SparsityPattern], _ precisions: [Precision]) throws(AcceleratorError) {
    let runsDense = self.levels.contains(where: \.isDense)
    if let level = levels.first(where: { !self.levels.contains($0) && !($0.isDense && runsDense) }) {
      throw .unsupported(
        accelerator: name, what: "\(level)", known: self.levels.map(\.description).joined(separator: ", "))
    }
    if let precision = precisions.first(where: { !self.precisions.contains($0) }) {
      throw .unsupported(
        accelerator: name, what: precision.rawValue,
        known: self.precisions.map(\.rawValue).joined(separator: ", "))
    }
  }

  /// - Throws: ``AcceleratorError`` if the times belong to another network than the one of this name.
  public func check(network name: String) throws(AcceleratorError) {
    if case .measured(let times) = cost, times.network != name {
      throw .otherNetwork(accelerator: self.name, measured: times.network, asked: name)
    }
  }

  /// What the plans of a space cost on this accelerator: nanoseconds where it was measured, multiply-adds at the dense
  /// rate otherwise.
  ///
  /// - Throws: ``AcceleratorError`` for a level it does not run or a layer it was not measured on, and
  ///   ``CompressionPlanError`` if the space is not the model's.
  public func costs(of space: SearchSpace, in model: MultiplyAdds) throws -> PlanCosts {
    for slot in space.slots {
      for level in slot.levels { try level.require(only: [.pattern, .precision], at: slot.path, by: name) }
      try check(slot.levels.map(\.sparsity), slot.levels.map(\.format))
    }
    switch cost {
    case .multiplyAdds:
      let ideal = try PlanCosts.multiplyAdds(of: space, in: model)
      return PlanCosts(.denseMultiplyAdds, fixed: ideal.fixed, levels: ideal.levels, dense: ideal.dense)
    case .speeds(let speeds):
      guard let dense = speeds.first(where: { $0.key.isDense })?.value else {
        throw AcceleratorError.malformed("\(name): it needs the speed of a dense level")
      }
      return try .counted(.denseMultiplyAdds, space, in: model.slots, fixed: model.published.fixed) { slot, choice in
        let speed = choice.sparsity.isDense ? dense : speeds[choice.sparsity] ?? dense
        return Int((Double(slot.dense) / speed).rounded())
      }
    case .measured(let times): return try times.costs(of: space, in: model, accelerator: name)
    }
  }
}

/// Why an accelerator cannot be used.
public enum AcceleratorError: Error, Hashable, Sendable, CustomStringConvertible {
  case unknown(String, known: [String])
  case unreadable(String, reason: String)
  case unwritable(String, reason: String)
  /// Says where and why.
  case malformed(String)
  case unsupported(accelerator: String, what: String, known: String)
  case unmeasured(accelerator: String, layer: String)
  case otherNetwork(accelerator: String, measured: String, asked: String)

  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no accelerator \(name): give a file, or one of \(known.joined(separator: ", "))"
    case .unreadable(let path, let reason):
      "the accelerator \(path) cannot be read: \(reason)"
    case .unwritable(let path, let reason):
      "the accelerator \(path) cannot be written: \(reason)"
    case .malformed(let reason):
      "this is no accelerator: \(reason)"
    case .unsupported(let accelerator, let what, let known):
      "\(accelerator) does not run \(what): choose from \(known), or another accelerator"
    case .unmeasured(let accelerator, let layer):
      "\(accelerator) was not measured on \(layer): run swiftlet bench calibrate for this network"
    case .otherNetwork(let accelerator, let measured, let asked):
      "\(accelerator) was measured on \(measured), the network now is \(asked): run swiftlet bench calibrate for it"
    }
  }
}
