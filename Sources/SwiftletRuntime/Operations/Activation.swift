import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// A function applied to each element.
  public enum Activation: Hashable, Sendable {
    case relu
    /// `x * Phi(x)` with the exact error function, as in PyTorch's default.
    case gelu
    /// `x * sigmoid(x)`.
    case silu
    case sigmoid
    /// `x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, PyTorch's other form of gelu.
    case geluTanh
    /// `x * sigmoid(1.702 x)`.
    case quickGelu
    case tanh
    /// `x / 6 + 1/2` within 0 and 1.
    case hardSigmoid
    /// `x * hardSigmoid(x)`.
    case hardSwish
    /// `x` above 0, `slope * x` elsewhere.
    case leakyRelu(slope: Float)
  }

  /// An activation of its own. Inputs: x, in floats or in 8 bits, which a table maps to 8 bits.
  public struct Activate: GraphOperation {
    static let name = "activation"
    static let settings = ["activation"]
    public var activation: Activation
  }
}

extension Graph.Operation {
  /// ``Graph/Activate``.
  public static func activation(_ activation: Graph.Activation) -> Self { Self(Graph.Activate(activation: activation)) }
}

extension Graph.Activate {
  var isElementwise: Bool { true }
  func sharing(ofInput position: Int) -> Graph.Sharing { .ifUnread }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .lines }
  func outputAccess(inputs count: Int) -> Graph.Access { .lines }
  var imageOrder: Graph.ImageOrder { .asInputs }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.only(inputs)
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32, .uint8])
    try rules.check("the output", output.type, isAmong: [inputs[0].type])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let input = node.inputs[0]
    let (from, to) = (compiler.format(of: input), compiler.outputFormat(of: node))
    let (x, y) = (compiler.address(of: input), compiler.outputAddress(of: node))
    let isa = compiler.instructionSet.code
    let loop = compiler.elementwiseLoop(of: node)
    if from.type == SWL_U8 {
      let table = activation.table(from: from, to: to)
      return compiler.job(over: loop) { line, piece in
        swl_map_bytes(
          isa, table,
          x.assumingMemoryBound(to: UInt8.self) + loop.offset(ofRow: line, operand: 0) + piece.lowerBound,
          y.assumingMemoryBound(to: UInt8.self) + loop.offset(ofRow: line, operand: 1) + piece.lowerBound, piece.count)
      }
    }
    let (code, slope) = (activation.kernelCode, activation.slope)
    return compiler.job(over: loop) { line, piece in
      swl_activate(
        isa, code, slope,
        x.assumingMemoryBound(to: Float.self) + loop.offset(ofRow: line, operand: 0) + piece.lowerBound,
        y.assumingMemoryBound(to: Float.self) + loop.offset(ofRow: line, operand: 1) + piece.lowerBound, piece.count)
    }
  }
}

extension Graph.Activation {
  /// What every byte of a grid becomes on another, whatever the processor.
  func table(from: swl_output, to: swl_output) -> [UInt8] {
    var values = [Float](repeating: 0, count: 256)
    var table = (0...255).map { UInt8($0) }
    swl_read(SWL_ISA_SCALAR, table, from, &values, 256)
    values.withUnsafeMutableBufferPointer {
      swl_activate(SWL_ISA_SCALAR, kernelCode, slope, $0.baseAddress, $0.baseAddress, 256)
    }
    swl_write(SWL_ISA_SCALAR, values, to, &table, 256)
    return table
  }

  fileprivate var kernelCode: swl_activation {
    switch self {
    case .relu: SWL_RELU
    case .gelu: SWL_GELU
    case .silu: SWL_SILU
    case .sigmoid: SWL_SIGMOID
    case .geluTanh: SWL_GELU_TANH
    case .quickGelu: SWL_QUICK_GELU
    case .tanh: SWL_TANH
    case .hardSigmoid: SWL_HARD_SIGMOID
    case .hardSwish: SWL_HARD_SWISH
    case .leakyRelu: SWL_LEAKY_RELU
    }
  }

  /// What the kernels take as such: 0 of those that have none.
  fileprivate var slope: Float { if case .leakyRelu(let slope) = self { slope } else { 0 } }
}

extension Graph.Activation? {
  /// How kernels are told of it.
  package var kernelCode: swl_activation { map(\.kernelCode) ?? SWL_IDENTITY }
  package var kernelSlope: Float { map(\.slope) ?? 0 }
}

// MARK: In files

extension Graph.Activation: Codable, CaseIterable {
  /// Those without settings, which a word stands for.
  private enum Word: String, FileWord {
    case relu, gelu, silu, sigmoid, geluTanh, quickGelu, tanh, hardSigmoid, hardSwish
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case leakyRelu }

  private init(_ word: Word) {
    switch word {
    case .relu: self = .relu
    case .gelu: self = .gelu
    case .silu: self = .silu
    case .sigmoid: self = .sigmoid
    case .geluTanh: self = .geluTanh
    case .quickGelu: self = .quickGelu
    case .tanh: self = .tanh
    case .hardSigmoid: self = .hardSigmoid
    case .hardSwish: self = .hardSwish
    }
  }

  /// Each function once, leaky ReLU with PyTorch's slope.
  public static var allCases: [Self] { Word.allCases.map(Self.init) + [.leakyRelu(slope: 0.01)] }

  public init(from decoder: any Decoder) throws {
    guard (try? decoder.container(keyedBy: CodingKeys.self)) != nil else {
      self.init(try Word(from: decoder))
      return
    }
    let settings = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let slope = try settings.decode(Float.self, forKey: .leakyRelu)
    guard slope.isFinite else {
      throw DecodingError.dataCorruptedError(
        forKey: .leakyRelu, in: settings, debugDescription: "the slope \(slope) is no finite number")
    }
    self = .leakyRelu(slope: slope)
  }

  public func encode(to encoder: any Encoder) throws {
    if case .leakyRelu(let slope) = self {
      var settings = encoder.container(keyedBy: CodingKeys.self)
      try settings.encode(slope, forKey: .leakyRelu)
    } else {
      try Word.allCases.first { Self($0) == self }?.encode(to: encoder)
    }
  }
}
