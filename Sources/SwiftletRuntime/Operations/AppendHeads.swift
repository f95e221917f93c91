import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// Writes the keys or values of tokens into a state for ``CachedAttention``, from a position on, rounded to the
  /// state's type. The output is the whole state.
  ///
  /// Inputs: the state, as ``HeadCache`` shapes it; `[batch, tokens, heads * width]`; the position (i64, one element),
  /// an input of the graph.
  public struct AppendHeads: GraphOperation {
    static let name = "appendHeads"
    static let settings = ["side"]
    public var side: Side

    public enum Side: String, Hashable, Sendable, FileWord, CaseIterable { case keys, values }
  }
}

extension Graph.Operation {
  /// ``Graph/AppendHeads``.
  public static func appendHeads(_ side: Graph.AppendHeads.Side) -> Self { Self(Graph.AppendHeads(side: side)) }
}

extension Graph.AppendHeads {
  var changesFirstInput: Bool { true }
  var positionInput: Int? { 2 }
  func sharing(ofInput position: Int) -> Graph.Sharing { position == 0 ? .always : .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { position == 1 ? .lines : .packed }
  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? { input }

  func positions(of inputs: [[Int]]) -> (count: Int, capacity: Int) {
    (inputs[1][1], inputs[0][2] * Graph.HeadCache.tile)
  }

  /// The cache of a state that holds what `x` brings.
  private func cache(_ state: Graph.Shape, _ x: Graph.Shape) -> Graph.HeadCache? {
    guard x.count == 3, state.count > 1, let heads = state[1].fixedLength, let width = x[2].fixedLength, heads >= 1,
      width % heads == 0
    else { return nil }
    let cache =
      switch side {
      case .keys: Graph.HeadCache(keys: state)
      case .values: Graph.HeadCache(values: state, width: width / heads)
      }
    guard let cache, cache.width * heads == width, x[0] == state[0] else { return nil }
    return cache
  }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 3...3)
    guard let cache = cache(inputs[0], inputs[1]), inputs[1][1].fixedLength ?? 1 <= cache.capacity else {
      throw Graph.Mismatch(
        "\(OperationRules.text(inputs[1])) cannot be kept as \(side.rawValue) in \(OperationRules.text(inputs[0]))")
    }
    try rules.checkPosition(inputs[2])
    return inputs[0]
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the state", inputs[0].type, isAmong: Graph.HeadCache.types)
    try rules.check("the input", inputs[1].type, isAmong: [.float32, .bfloat16])
    try rules.check("the position", inputs[2].type, isAmong: [.int64])
    try rules.check("the output", output.type, isAmong: [inputs[0].type])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let state = compiler.graph.value(node.output)
    guard let cache = cache(state.shape, compiler.lengths(of: node.inputs[1]).map { .fixed($0) }) else {
      preconditionFailure("\(node.name) writes no cache")
    }
    let strides = compiler.strides(of: node.inputs[1])
    var op = swl_cache_append()
    (op.cache, op.values) = (cache.kernel(state.type), side == .values)
    (op.data, op.x_type) = (compiler.outputAddress(of: node), compiler.format(of: node.inputs[1]).type)
    op.x = swl_heads(
      data: compiler.address(of: node.inputs[1]), batch_stride: strides[0], token_stride: strides[1])
    op.tokens = compiler.lengths(of: node.inputs[1])[1]
    let position = compiler.address(of: node.inputs[2]).assumingMemoryBound(to: Int64.self)
    let final = op
    return ThreadPool.Job(tiles: swl_cache_append_tiles(&op)) { first, count, _ in
      var op = final
      op.position = Int(position.pointee)
      swl_cache_append_run(&op, first, count)
    }
  }
}

extension OperationRules {
  func checkPosition(_ shape: Shape) throws(Mismatch) {
    guard shape == [] || shape == [1] else {
      throw Mismatch("the position has shape \(Self.text(shape)), expected one number")
    }
  }
}
