import SwiftletCompression
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// A dense network that is traced once and packed anew for each plan: what a search runs.
///
/// A plan's layers keep the weights of largest magnitude, as ``SwiftletNN/Module/prune(to:by:gradient:)`` keeps them.
/// Grids of int8 layers are learned once, from the dense network. Only layers whose choice is new are encoded.
public final class PlannedNetwork {
  private let network: Network
  private let metadata: Graph.Metadata
  private let grids: [String: Graph.Quantization]
  /// The layers' weights before calibration scaled their columns: what masks are chosen by.
  private let original: [String: [Float]]
  /// The name of each layer's weight, by the layer's path.
  private let weights: [String: String]
  private var encoded: [Encoding: EncodedConstant] = [:]

  private struct Encoding: Hashable {
    let constant: String
    let format: WeightFormat
  }

  /// Traces a model that maps `[batch] + inputShape` to `[batch, …]`; the model itself is left as it is.
  ///
  /// - Parameters:
  ///   - layers: the layers that plans will name.
  ///   - calibration: needed where plans will name int8.
  /// - Throws: `ExportError`, when an operation or the calibration does not allow it.
  public init(
    _ model: some Layer, inputShape: [Int], layers: [String], calibration: Calibration? = nil,
    metadata: Graph.Metadata = Graph.Metadata()
  ) throws {
    let copy = model.copy()
    copy.move(to: .cpu)
    let tensors = copy.namedParameters() + copy.namedBuffers()
    var network = try Exporter.network(
      inputShape: inputShape, name: "\(type(of: model))", parameters: tensors.map { ($0.path, $0.tensor) }
    ) { copy($0) }
    self.metadata = metadata
    let known = Dictionary(
      network.linearLayers.map { ($0.path, $0.weight) }, uniquingKeysWith: { first, _ in first })
    if let stranger = layers.first(where: { known[$0] == nil }) {
      throw ExportError.plan("the plans name \(stranger), which is no linear layer of the model")
    }
    weights = known.filter { layers.contains($0.key) }
    let asInt8 = Dictionary(
      weights.values.map { ($0, WeightFormat(precision: .int8)) }, uniquingKeysWith: { first, _ in first })
    original = network.numbers.filter { asInt8[$0.key] != nil }
    grids = try calibration.map { try network.grids(for: asInt8, includingAttention: true, from: $0).grids } ?? [:]
    self.network = network
  }

  /// The network under a plan; layers that it does not name stay dense in fp32.
  ///
  /// - Throws: `ExportError` for a layer that is not among those this was made for, or int8 without calibration.
  public func modelFile(for plan: CompressionPlan) throws -> ModelFile {
    try plan.checkExportable()
    var formats: [String: WeightFormat] = [:]
    for path in plan.paths {
      guard let weight = weights[path], let choice = plan[path] else {
        throw ExportError.plan("the plan names \(path), which is not among the layers that are searched")
      }
      formats[weight] = WeightFormat(choice)
    }
    var planned = network
    planned.graph.metadata = metadata
    if formats.values.contains(where: { $0.precision == .int8 }) {
      guard !grids.isEmpty else {
        throw ExportError.calibration("it needs calibration images, as activations are rounded to a fixed grid")
      }
      try planned.quantizeActivations(formats, to: grids, includingAttention: true)
    }
    let constants = try planned.graph.constants.map { constant in
      try encode(constant, as: formats[constant.name] ?? WeightFormat(precision: .fp32))
    }
    planned.graph.constants = constants.map(\.constant)
    return try ModelFile(planned.graph, constants: constants)
  }

  private func encode(_ constant: Graph.Constant, as format: WeightFormat) throws -> EncodedConstant {
    let key = Encoding(constant: constant.name, format: format)
    if let known = encoded[key] { return known }
    var numbers = network.numbers[constant.name] ?? []
    if let pattern = format.pattern {
      let magnitudes = Tensor(original[constant.name] ?? numbers, shape: constant.shape).abs()
      numbers = Tensor(numbers, shape: constant.shape).pruned(to: pattern, by: magnitudes).scalars(as: Float.self)
    }
    guard numbers.allSatisfy(\.isFinite) else { throw ExportError.notFinite(weight: constant.name) }
    let result = try Network.encode(constant, numbers, as: format)
    encoded[key] = result
    return result
  }
}
