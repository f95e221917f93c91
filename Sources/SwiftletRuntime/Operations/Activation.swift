import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// A function applied to each element.
  public enum Activation: String, Hashable, Sendable, FileWord, CaseIterable {
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
  }

  /// An activation of its own. Inputs: x.
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

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (x, y) = (compiler.floats(of: node.inputs[0]), compiler.floats(of: .value(node.output)))
    let code = Optional(activation).kernelCode
    let isa = compiler.instructionSet.code
    let loop = compiler.elementwiseLoop(of: node)
    return compiler.job(over: loop) { line, piece in
      swl_activate(
        isa, code, x + loop.offset(ofRow: line, operand: 0) + piece.lowerBound,
        y + loop.offset(ofRow: line, operand: 1) + piece.lowerBound, piece.count)
    }
  }
}

extension Graph.Activation? {
  var kernelCode: swl_activation {
    switch self {
    case nil: SWL_IDENTITY
    case .relu: SWL_RELU
    case .gelu: SWL_GELU
    case .silu: SWL_SILU
    case .sigmoid: SWL_SIGMOID
    case .geluTanh: SWL_GELU_TANH
    case .quickGelu: SWL_QUICK_GELU
    }
  }
}
