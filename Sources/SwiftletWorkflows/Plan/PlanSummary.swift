import Foundation
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletTerminal

/// A plan with what it costs, for people and for programs.
///
/// ```swift
/// let file = URL(filePath: "plan.json")
/// print(try PlanSummary(name: "plan.json", CompressionPlan(contentsOf: file), of: PlanNetwork(recipe).work).text())
/// ```
public struct PlanSummary: Encodable {
  /// What the plan decides for one layer, and what that layer then costs.
  public struct Layer: Encodable, Hashable {
    public let layer: String
    public let choice: LayerChoice
    /// Nil where the network is not known.
    public let multiplyAdds, bytes: Int?

    private enum Key: String, CodingKey { case layer, multiplyAdds, bytes }

    public func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(layer, forKey: .layer)
      try choice.encode(to: encoder)
      try values.encodeIfPresent(multiplyAdds, forKey: .multiplyAdds)
      try values.encodeIfPresent(bytes, forKey: .bytes)
    }
  }

  public let name: String
  /// In the plan's order.
  public let layers: [Layer]
  /// Of one image, as a model file counts them; nil where the network is not known.
  public let multiplyAdds, denseMultiplyAdds: Int?
  /// As the literature counts, which budgets follow.
  public let publishedMultiplyAdds, publishedDenseMultiplyAdds: Int?
  /// Of the compressible layers' packed weights.
  public let bytes: Int?
  /// Its name, where one is asked.
  public let accelerator: String?
  /// On the accelerator: nanoseconds, or multiply-adds at the dense rate, and the dense network's.
  public let time, denseTime: Int?
  public let timeUnit: PlanCosts.Unit?

  /// - Parameters:
  ///   - name: what the summary calls the plan.
  ///   - work: of the network, where it is known.
  ///   - accelerator: what runs it, where that is known too.
  /// - Throws: `CompressionPlanError` where the plan does not fit the network, `AcceleratorError` where the accelerator
  ///   has no cost for it.
  public init(
    name: String, _ plan: CompressionPlan, of work: MultiplyAdds? = nil, on accelerator: Accelerator? = nil
  ) throws {
    self.name = name
    if let work { try plan.validate(for: work) }
    let slots = Dictionary(
      (work?.slots ?? []).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    layers = try plan.paths.compactMap { path in
      try plan[path].map { choice in
        Layer(
          layer: path, choice: choice, multiplyAdds: try slots[path].map { try CostModel.multiplyAdds($0, choice) },
          bytes: try slots[path].map { try CostModel.packedBytes($0, choice) })
      }
    }
    multiplyAdds = try work?.total(under: plan)
    denseMultiplyAdds = work?.dense
    publishedMultiplyAdds = try work?.published.total(under: plan)
    publishedDenseMultiplyAdds = work?.published.dense
    bytes = try work?.packedBytes(under: plan)
    self.accelerator = accelerator?.name
    let space = SearchSpace(plan.paths.compactMap { path in plan[path].map { .init(path: path, levels: [$0]) } })
    let costs = try accelerator.flatMap { accelerator in try work.map { try accelerator.costs(of: space, in: $0) } }
    (time, denseTime) = (costs?.range.lowerBound, costs?.dense)
    timeUnit = costs?.unit
  }

  /// The map, the totals, and what differs from another plan.
  public func text(against other: PlanSummary? = nil) -> String {
    var parts = [plan.map, totals]
    if let other {
      parts += [other.totals, plan.differences(from: other.plan, named: (name, other.name))]
    }
    return parts.joined(separator: "\n\n")
  }

  private var plan: CompressionPlan {
    CompressionPlan(Dictionary(layers.map { ($0.layer, $0.choice) }, uniquingKeysWith: { first, _ in first }))
  }

  private var totals: String {
    let counts = Dictionary(grouping: layers, by: Self.text).mapValues(\.count)
    var lines = [
      "\(name): \(layers.count) layers, "
        + layers.map(Self.text).uniqued.map { "\(counts[$0] ?? 0) at \($0)" }.joined(separator: ", ")
    ]
    if let multiplyAdds, let denseMultiplyAdds, let publishedMultiplyAdds, let publishedDenseMultiplyAdds, let bytes {
      func share(_ count: Int, _ dense: Int) -> String { String(format: "%.4f", Double(count) / Double(dense)) }
      lines.append(
        "\(PlanCosts.Unit.scaled(multiplyAdds)) multiply-adds, \(share(multiplyAdds, denseMultiplyAdds)) of dense; "
          + "\(PlanCosts.Unit.multiplyAdds.text(publishedMultiplyAdds)), "
          + "\(share(publishedMultiplyAdds, publishedDenseMultiplyAdds)) of dense; "
          + PlanCosts.Unit.bytes.text(bytes) + " of packed weights")
    }
    if let time, let denseTime, let timeUnit, let accelerator {
      lines.append(
        "on \(accelerator) \(timeUnit.text(time)), " + String(format: "%.4f of dense", Double(time) / Double(denseTime))
      )
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ layer: Layer) -> String {
    layer.choice.description
  }
}
