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
/// A network of several inputs, outputs and axes is a function of tensors:
/// ```swift
/// let exported = try Exporter().export(
///   model, inputs: [TracedInput("frames", [.batch, .axis("frames"), 40]), TracedInput("speaker", [.batch, 16])],
///   outputs: ["emotion", "voice"], axes: [.batch, TracedAxis("frames", maximum: 3000)]
/// ) { model, inputs in
///   let (emotion, voice) = model(frames: inputs[0], speaker: inputs[1])
///   return [emotion, voice]
/// }
/// ```
public struct Exporter: Sendable {
  /// Which layers keep which weights. Without a plan, a layer whose zeros follow an N:M pattern is packed by it.
  public var plan: CompressionPlan?
  public var precision: ExportPrecision
  /// How int8 and 4-bit layers get integers to multiply.
  public var activations: ExportActivations
  /// Needed when a layer is int8 and its activations are calibrated.
  public var calibration: Calibration?
  /// Also takes the layer that reads the image and those that compute the scores to int8. They stay fp32 otherwise,
  /// unless the plan names them: 8 bits cost the most there and save the least.
  public var quantizesEnds: Bool
  /// Lets attention multiply 8 bits where int8 layers compute its queries, keys and values; in floats otherwise.
  public var quantizesAttention: Bool
  public var metadata: Graph.Metadata

  public init(
    plan: CompressionPlan? = nil, precision: ExportPrecision = .uniform(.fp32),
    activations: ExportActivations = .calibrated, calibration: Calibration? = nil,
    quantizesEnds: Bool = false, quantizesAttention: Bool = true, metadata: Graph.Metadata = Graph.Metadata()
  ) {
    self.plan = plan
    self.precision = precision
    self.activations = activations
    self.calibration = calibration
    self.quantizesEnds = quantizesEnds
    self.quantizesAttention = quantizesAttention
    self.metadata = metadata
  }

  /// Exports a model that maps `[batch] + inputShape` to `[batch, …]`. The model itself is left as it is.
  ///
  /// - Throws: `ExportError`, when an operation, a layer's weights or the calibration does not allow it.
  public func export(_ model: some Layer, inputShape: [Int], name: String? = nil) throws -> ExportedModel {
    let copy = try Self.frozenCopy(of: model)
    return try export(
      inputShape: inputShape, name: name ?? "\(type(of: model))", parameters: Self.parameters(of: copy)
    ) { copy($0) }
  }

  /// Exports a function of one tensor; `parameters` gives the constants it reads their names.
  func export(
    inputShape: [Int], name: String, parameters: [(path: String, tensor: Tensor)], forward: (Tensor) throws -> Tensor
  ) throws -> ExportedModel {
    try export(Self.network(inputShape: inputShape, name: name, parameters: parameters, forward: forward))
  }

  /// Exports a model of any inputs and outputs. The model itself is left as it is.
  ///
  /// - Parameters:
  ///   - inputs: what `forward` takes, in order; the graph's inputs have their names.
  ///   - outputs: the names of the graph's outputs, for what `forward` returns, in order.
  ///   - axes: all that the inputs' shapes grow with.
  ///   - forward: the pass to record, of a copy of the model in inference mode.
  /// - Throws: `ExportError`, when an operation, a layer's weights or the calibration does not allow it.
  public func export<Model: Module>(
    _ model: Model, inputs: [TracedInput], outputs: [String], axes: [TracedAxis] = [.batch], name: String? = nil,
    forward: (_ model: Model, _ inputs: [Tensor]) throws -> [Tensor]
  ) throws -> ExportedModel {
    let copy = try Self.frozenCopy(of: model)
    return try export(
      Self.network(
        inputs, outputs: outputs, axes: axes, name: name ?? "\(type(of: model))", parameters: Self.parameters(of: copy)
      ) { try forward(copy, $0) })
  }

  private static func frozenCopy<Model: Module>(of model: Model) throws -> Model {
    let copy = model.copy()
    copy.move(to: .cpu)
    // Masked weights become zeros, which is all that a pattern is from here on.
    try copy.bake()
    return copy
  }

  private static func parameters(of model: some Module) -> [(path: String, tensor: Tensor)] {
    (model.namedParameters() + model.namedBuffers()).map { ($0.path, $0.tensor) }
  }

  private func export(_ network: Network) throws -> ExportedModel {
    var network = network
    network.graph.metadata = metadata
    let formats = try network.weightFormats(
      plan: plan, precision: precision, activations: activations, quantizesEnds: quantizesEnds)
    network.quantizeTokens(formats)

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

  /// The simplified graph in fp32 of a function of one tensor.
  static func network(
    inputShape: [Int], name: String, parameters: [(path: String, tensor: Tensor)], forward: (Tensor) throws -> Tensor
  ) throws -> Network {
    try network(
      [TracedInput("input", [.batch] + inputShape.map { .fixed($0) })], outputs: nil, axes: [.batch], name: name,
      parameters: parameters
    ) { [try forward($0[0])] }
  }

  /// The simplified graph in fp32; `parameters` gives the constants it reads their names.
  ///
  /// - Parameter outputs: without any, outputs keep the names of the layers that compute them.
  private static func network(
    _ inputs: [TracedInput], outputs: [String]?, axes: [TracedAxis], name: String,
    parameters: [(path: String, tensor: Tensor)], forward: ([Tensor]) throws -> [Tensor]
  ) throws -> Network {
    var trace = try Tracer.trace(inputs, axes: axes, parameters: parameters, forward: forward)
    try trace.foldBatchNorm()
    var network = try Lowering.lower(trace, name: name)
    try network.apply()
    if let outputs { try network.renameOutputs(to: outputs) }
    return network
  }
}
