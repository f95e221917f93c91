import CSwiftletKernels

extension Graph {
  /// Quantises, dequantises or changes the float type, as the types of input and output say. Inputs: x.
  public struct Convert: GraphOperation {
    static let name = "convert"
  }
}

extension Graph.Operation {
  /// ``Graph/Convert``.
  public static let convert = Self(Graph.Convert())
}

extension Graph.Convert {
  func access(toInput position: Int, of count: Int) -> Graph.Access { .lines }
  func outputAccess(inputs count: Int) -> Graph.Access { .lines }
  var imageOrder: Graph.ImageOrder { .asInputs }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.only(inputs)
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    let type = inputs[0].type
    guard rules.writable.contains(type), rules.writable.contains(output.type),
      type == .float32 || output.type == .float32
    else {
      throw Graph.Mismatch("cannot convert \(type.rawValue) to \(output.type.rawValue): one side must be f32")
    }
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let input = node.inputs[0]
    let (from, to) = (compiler.format(of: input), compiler.outputFormat(of: node))
    let (x, y) = (compiler.address(of: input), compiler.outputAddress(of: node))
    let (xSize, ySize) = (compiler.elementSize(of: input), compiler.elementSize(of: .value(node.output)))
    let isa = compiler.instructionSet.code
    let loop = compiler.elementwiseLoop(of: node)
    return compiler.job(over: loop) { line, piece in
      let source = x + (loop.offset(ofRow: line, operand: 0) + piece.lowerBound) * xSize
      let target = y + (loop.offset(ofRow: line, operand: 1) + piece.lowerBound) * ySize
      if from.type == SWL_F32 {
        swl_write(isa, source.assumingMemoryBound(to: Float.self), to, target, piece.count)
      } else {
        swl_read(isa, source, from, target.assumingMemoryBound(to: Float.self), piece.count)
      }
    }
  }
}
