import CSwiftletKernels

extension Graph {
  /// `activation(a) * b`: with `silu` the gate of Llama. Inputs: a and b of one shape, or x, whose last axis holds a and
  /// then b.
  ///
  /// Source: Shazeer, "GLU Variants Improve Transformer" (2020), section 2.
  public struct Gate: GraphOperation {
    static let name = "gate"
    static let settings = ["activation"]
    public var activation: Activation
  }
}

extension Graph.Operation {
  /// ``Graph/Gate``.
  public static func gate(_ activation: Graph.Activation) -> Self { Self(Graph.Gate(activation: activation)) }
}

extension Graph.Gate {
  // Of two inputs each element meets its own place alone; halves of one are read where others are written.
  func access(toInput position: Int, of count: Int) -> Graph.Access { .rows }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...2)
    let a = inputs[0]
    if inputs.count == 2 {
      guard a == inputs[1], !a.isEmpty else {
        throw Graph.Mismatch("\(OperationRules.text(a)) and \(OperationRules.text(inputs[1])) have not one shape")
      }
      return a
    }
    guard let width = a.last?.fixedLength, width.isMultiple(of: 2) else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(a)) must be fixed and even: it holds two halves")
    }
    return a.dropLast() + [.fixed(width / 2)]
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: .value(node.output))
    let isHalves = node.inputs.count == 1
    let second = isHalves ? node.inputs[0] : node.inputs[1]
    let a = UnsafePointer(compiler.floats(of: node.inputs[0]))
    let b = UnsafePointer(compiler.floats(of: second)) + (isHalves ? width : 0)
    let (aStride, bStride) = (compiler.layout(of: node.inputs[0]).rowStride, compiler.layout(of: second).rowStride)
    let y = compiler.floats(of: .value(node.output))
    let (code, slope) = (Optional(activation).kernelCode, Optional(activation).kernelSlope)
    let isa = compiler.instructionSet.code
    let loop = StridedLoop(shape: [rows, width], strides: [[aStride, 1], [bStride, 1], [width, 1]])
    return compiler.job(over: loop) { line, piece in
      let start = piece.lowerBound
      swl_gate(
        isa, code, slope, a + line * aStride + start, b + line * bStride + start, y + line * width + start, piece.count)
    }
  }
}
