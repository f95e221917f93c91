import CSwiftletKernels

extension Graph {
  /// Images `[batch, channels, height, width]` to `[batch, patches, channels * patch * patch]`, patches in row order and a
  /// patch's elements ordered channel, row, column: a convolution whose stride is its kernel becomes this and a linear.
  /// Inputs: image.
  public struct Patchify: GraphOperation {
    static let name = "patchify"
    static let settings = ["patch"]
    public var patch: Int
  }
}

extension Graph.Operation {
  /// ``Graph/Patchify``.
  public static func patchify(patch: Int) -> Self { Self(Graph.Patchify(patch: patch)) }
}

extension Graph.Patchify {
  var writesQuantized: Bool { true }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    let sides = x.dropFirst().compactMap(\.fixedLength)
    guard x.count == 4, x[0].axisName != nil, sides.count == 3 else {
      throw Graph.Mismatch("expected an image [batch, channels, height, width], found \(OperationRules.text(x))")
    }
    let (height, width) = (sides[1], sides[2])
    guard patch >= 1, height % patch == 0, width % patch == 0 else {
      throw Graph.Mismatch("\(height) x \(width) pixels do not divide into patches of \(patch)")
    }
    return [
      x[0], .fixed(height / patch * (width / patch)), .fixed(try rules.product([sides[0], patch, patch])),
    ]
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32])
    try rules.check("the output", output.type, isAmong: rules.writable)
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let image = compiler.lengths(of: node.inputs[0])
    let op = swl_patchify(
      x: compiler.floats(of: node.inputs[0]), batch: image[0], channels: image[1], height: image[2], width: image[3],
      patch: patch, y: compiler.outputAddress(of: node), output: compiler.outputFormat(of: node))
    let isa = compiler.instructionSet.code
    let tiles = withUnsafePointer(to: op) { swl_patchify_tiles($0) }
    return ThreadPool.Job(tiles: tiles) { first, count, _ in
      withUnsafePointer(to: op) { swl_patchify_run(isa, $0, first, count) }
    }
  }
}
