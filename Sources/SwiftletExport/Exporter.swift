import SwiftletCompression
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// Turns a trained model into a model file: traces its forward pass, simplifies the graph, packs the weights.
///
/// ```swift
/// let exported = try Exporter(plan: plan, precision: .uniform(.int8), calibration: calibration)
///   .export(model, inputShape: [3, 224, 224])
/// try exported.write(to: URL(filePath: "deit.swiftlet"))
/// ```
public struct Exporter: Sendable {
  /// Which layers keep which weights. Without a plan, a layer whose zeros follow an N:M pattern is packed by it.
  public var plan: CompressionPlan?
  public var precision: ExportPrecision
  /// Needed when a layer is int8.
  public var calibration: Calibration?
  /// Also takes the layer that reads the image and those that compute the scores to int8. They stay fp32 otherwise,
  /// unless the plan names them: 8 bits cost the most there and save the least.
  public var quantizesEnds: Bool
  /// Lets attention multiply 8 bits where int8 layers compute its queries, keys and values; in floats otherwise.
  public var quantizesAttention: Bool
  public var metadata: Graph.Metadata

  public init(
    plan: CompressionPlan? = nil, precision: ExportPrecision = .uniform(.fp32), calibration: Calibration? = nil,
    quantizesEnds: Bool = false, quantizesAttention: Bool = true, metadata: Graph.Metadata = Graph.Metadata()
  ) {
    self.plan = plan
    self.precision = precision
    self.calibration = calibration
    self.quantizesEnds = quantizesEnds
    self.quantizesAttention = quantizesAttention
    self.metadata = metadata
  }

  /// Exports a model that maps `[batch] + inputShape` to `[batch, …]`. The model itself is left as it is.
  ///
  /// - Throws: `ExportError`, when an operation, a layer's weights or the calibration does not allow it.
  public func export(_ model: some Layer, inputShape: [Int], name: String? = nil) throws -> ExportedModel {
    let copy = model.copy()
    copy.move(to: .cpu)
    // Masked weights become zeros, which is all that a pattern is from here on.
    try copy.bake()
    let tensors = copy.namedParameters() + copy.namedBuffers()
    return try export(
      inputShape: inputShape, name: name ?? "\(type(of: model))", parameters: tensors.map { ($0.path, $0.tensor) }
    ) { copy($0) }
  }

  /// Exports a function of one tensor; `parameters` gives the constants it reads their names.
  func export(
    inputShape: [Int], name: String, parameters: [(path: String, tensor: Tensor)], forward: (Tensor) throws -> Tensor
  ) throws -> ExportedModel {
    var network = try Self.network(inputShape: inputShape, name: name, parameters: parameters, forward: forward)
    network.graph.metadata = metadata
    let formats = try network.weightFormats(plan: plan, precision: precision, quantizesEnds: quantizesEnds)

    var calibrated: CalibratedGrids?
    if !network.int8Values(formats, includingAttention: quantizesAttention).isEmpty {
      guard let calibration else {
        throw ExportError.calibration("it needs calibration images, as activations are rounded to a fixed grid")
      }
      let grids = try network.grids(for: formats, includingAttention: quantizesAttention, from: calibration)
      try network.quantizeActivations(formats, to: grids.grids, includingAttention: quantizesAttention)
      calibrated = grids
    }
    let constants = try network.encode(formats)
    try network.graph.validate()
    var exported = ExportedModel(network, constants: constants, formats: formats)
    if let calibrated {
      let session = try Session(exported.modelFile(), threads: calibration?.threads ?? 1)
      exported.int8Effect = Int8Effect(
        change: try calibrated.seen.change(of: session), rules: calibrated.rules,
        smoothedNorms: calibrated.smoothedNorms.count)
    }
    return exported
  }

  /// The simplified graph in fp32.
  static func network(
    inputShape: [Int], name: String, parameters: [(path: String, tensor: Tensor)], forward: (Tensor) throws -> Tensor
  ) throws -> Network {
    var trace = try Tracer.trace(inputShape: inputShape, parameters: parameters, forward: forward)
    try trace.foldBatchNorm()
    var network = try Lowering.lower(trace, name: name)
    try network.apply()
    return network
  }
}
