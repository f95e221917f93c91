import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// `activation(x Wᵀ + bias) + residual` over the last axis. Inputs: x, and optionally the residual.
  public struct Linear: GraphOperation {
    static let name = "linear"
    static let settings = ["weight", "bias", "activation", "input"]
    /// `[outputs, inputs]`.
    public var weight: String
    public var bias: String?
    public var activation: Activation?
    /// What becomes of x before it is multiplied; nil where the weight takes it as it is.
    public var input: LinearInput?

    public init(weight: String, bias: String?, activation: Activation? = nil, input: LinearInput? = nil) {
      (self.weight, self.bias, self.activation, self.input) = (weight, bias, activation, input)
    }
  }

  /// What a linear layer does to its input before it multiplies.
  public enum LinearInput: String, Hashable, Sendable, FileWord, CaseIterable {
    /// Every token is rounded to 8 bits as the layer runs: `round(x * 127 / m) * m / 127`, where m is the greatest magnitude
    /// of the token. For weights of s8 and u4, which are then multiplied in integers.
    case quantizedTokens
  }
}

extension Graph.Operation {
  /// ``Graph/Linear``.
  public static func linear(
    weight: String, bias: String?, activation: Graph.Activation?, input: Graph.LinearInput? = nil
  ) -> Self {
    Self(Graph.Linear(weight: weight, bias: bias, activation: activation, input: input))
  }
}

extension Graph.Linear {
  private var packedWeight: Graph.Parameter { .weight(weight, inIntegers: input == .quantizedTokens) }
  var parameters: [Graph.Parameter] { [packedWeight] + Graph.Parameter.tables(bias) }
  var writesQuantized: Bool { true }
  // Only the residual: the input itself is read for every output.
  func sharing(ofInput position: Int) -> Graph.Sharing { position == 1 ? .ifUnread : .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 0 ? .rows : .packed }
  // A residual lies as the output does.
  func outputAccess(inputs count: Int) -> Graph.Access { count == 1 ? .rows : .packed }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...2)
    let x = inputs[0]
    let matrix = try rules.matrix(weight)
    guard let last = x.last, last == .fixed(matrix.shape[1]) else {
      throw Graph.Mismatch(
        "the input \(OperationRules.text(x)) does not end in the \(matrix.shape[1]) columns of \(weight)")
    }
    try rules.checkVector(bias, length: matrix.shape[0])
    let output: Graph.Shape = Array(x.dropLast()) + [.fixed(matrix.shape[0])]
    try rules.checkWork(output, inner: matrix.shape[1])
    if inputs.count == 2, inputs[1] != output {
      throw Graph.Mismatch(
        "the residual has shape \(OperationRules.text(inputs[1])), expected \(OperationRules.text(output))")
    }
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    switch input {
    case nil: try rules.checkInput(inputs[0].type, ofWeight: weight)
    case .quantizedTokens: try rules.checkQuantizedInput(inputs[0].type, ofWeight: weight)
    }
    if inputs.count > 1 { try rules.check("the residual", inputs[1].type, isAmong: [.float32]) }
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int {
    output.reduce(1, *) * weights(weight)[1]
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let packed = compiler.packed(packedWeight)
    let x = node.inputs[0]
    let inputFormat = compiler.format(of: x)
    let residual = node.inputs.count > 1 ? UnsafePointer(compiler.floats(of: node.inputs[1])) : nil
    let scales = try compiler.integerScales(of: weight, input: inputFormat)
    var op = swl_linear(
      kernel: packed.kernel, shape: packed.shape, packed: packed.address(ofGroup: 0),
      tokens: compiler.lengths(of: x).dropLast().reduce(1, *),
      x: compiler.address(of: x), x_stride: compiler.layout(of: x).rowStride, x_type: inputFormat.type,
      x_zero_point: inputFormat.zero_point, x_group_scales: nil,
      y: compiler.outputAddress(of: node), y_stride: compiler.layout(of: .value(node.output)).rowStride,
      output: compiler.outputFormat(of: node),
      epilogue: swl_linear_epilogue(
        scale: scales.map { UnsafePointer($0.address.assumingMemoryBound(to: Float.self)) }, x_scales: nil,
        bias: compiler.floats(ofConstant: bias), activation: activation.kernelCode,
        slope: activation.kernelSlope, residual: residual))
    var quantized: QuantizedTokens?
    if input == .quantizedTokens {
      let tokens = QuantizedTokens(op, in: compiler)
      (op.x_stride, op.x_type, op.x_zero_point) = (tokens.width, SWL_U8, QuantizedTokens.zeroPoint)
      if packed.shape.type == SWL_S8 { op.epilogue.scale = compiler.floats(ofConstant: "\(weight).scales") }
      quantized = tokens
    }
    return job(op, quantized, in: compiler, keeping: (scales, packed))
  }

  private func job(
    _ op: swl_linear, _ quantized: QuantizedTokens?, in compiler: StepCompiler,
    keeping owners: (AlignedBuffer?, PackedLinear)
  ) -> ThreadPool.Job {
    withUnsafePointer(to: op) { pointer in
      compiler.scratch.reserve(swl_linear_scratch_size(pointer))
      let scratch = compiler.scratch
      let threads = compiler.threads
      let shares = (0...threads).map { swl_linear_share(pointer, $0, threads) }
      let tiles = swl_linear_tiles(pointer)
      return ThreadPool.Job(tiles: tiles, shares: shares, after: quantized?.job) { first, count, worker in
        var op = op
        if let quantized { (op.x, op.epilogue.x_scales) = quantized.bytesAndScales() }
        withExtendedLifetime(owners) {
          swl_linear_run(&op, first, count, scratch.address(ofWorker: worker))
        }
      }
    }
  }
}

/// The tokens of a layer in 8 bits, with a scale each, in memory that all workers share: made once for all of them before
/// the layer runs. A single token is made by whoever called, without waking anyone.
private struct QuantizedTokens {
  /// `swl_quantize_rows` writes 128 for 0.
  static let zeroPoint: Int32 = 128

  let width: Int
  let job: ThreadPool.Job
  private let tokens: Int
  private let scratch: StepCompiler.Scratch

  /// - Parameter op: the layer over floats.
  init(_ op: swl_linear, in compiler: StepCompiler) {
    let (tokens, width, stride) = (op.tokens, op.shape.inputs, op.x_stride)
    let scratch = compiler.scratch
    let isa = compiler.instructionSet.code
    let x = op.x.assumingMemoryBound(to: Float.self)
    scratch.reserveShared((tokens * width).aligned + tokens * MemoryLayout<Float>.stride)
    (self.width, self.tokens, self.scratch) = (width, tokens, scratch)
    job = compiler.job(over: tokens, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      let (bytes, scales) = Self.place(tokens: tokens, width: width, scratch)
      for row in rows { swl_quantize_rows(isa, x + row * stride, bytes + row * width, scales + row, 1, width) }
    }
  }

  /// Where the rows and their scales lie while the layer runs.
  func bytesAndScales() -> (UnsafeRawPointer, UnsafePointer<Float>) {
    let (bytes, scales) = Self.place(tokens: tokens, width: width, scratch)
    return (UnsafeRawPointer(bytes), UnsafePointer(scales))
  }

  private static func place(
    tokens: Int, width: Int, _ scratch: StepCompiler.Scratch
  ) -> (bytes: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>) {
    guard let address = scratch.sharedAddress else { preconditionFailure("no scratch was allocated") }
    return (
      address.assumingMemoryBound(to: UInt8.self),
      (address + (tokens * width).aligned).assumingMemoryBound(to: Float.self)
    )
  }
}
