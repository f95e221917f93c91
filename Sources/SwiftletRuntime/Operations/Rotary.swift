import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// Turns pairs of elements of every head by angles that grow with the token's position. Inputs: x
  /// `[…, tokens, heads * width]`, and optionally the position of the first token (i64, one element; 0 without).
  ///
  /// Pair i of a token at position p becomes `(a cos - b sin, b cos + a sin)` with element `[p, i]` of both tables; elements
  /// of a head behind the pairs stay. The position is a graph input, so that a run is refused before it reads beyond a
  /// table. How positions become angles, scaled ones too, is whoever's who makes the tables.
  /// Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), section 3.2.2.
  public struct Rotary: GraphOperation {
    static let name = "rotary"
    static let settings = ["heads", "pairing", "cosines", "sines"]
    public var heads: Int
    public var pairing: RotaryPairing
    /// `[positions, pairs]`, as `sines`.
    public var cosines: String
    public var sines: String
  }

  /// Which two elements of a head turn together.
  public enum RotaryPairing: String, Hashable, Sendable, FileWord, CaseIterable {
    /// i and i + pairs, as in GPT-NeoX and Hugging Face's Llama.
    case halves
    /// 2 i and 2 i + 1, as in GPT-J and the paper.
    case neighbours
  }
}

extension Graph.Operation {
  /// ``Graph/Rotary``.
  public static func rotary(heads: Int, pairing: Graph.RotaryPairing, cosines: String, sines: String) -> Self {
    Self(Graph.Rotary(heads: heads, pairing: pairing, cosines: cosines, sines: sines))
  }
}

extension Graph.Rotary {
  var parameters: [Graph.Parameter] { Graph.Parameter.tables(cosines, sines) }
  var lookedUpInput: Int? { 1 }

  func checkLookUp(
    _ numbers: [Int64], by node: ResolvedGraph.Node, _ graph: ResolvedGraph, _ lengths: Graph.AxisLengths
  ) throws(SessionError) {
    guard let first = numbers.first else { return }
    let positions = graph.graph.constant(named: cosines)?.shape[0] ?? 0
    let count = graph.shape(of: node.inputs[0]).suffix(2).first?.length(lengths) ?? 0
    guard first >= 0, first <= positions, count <= positions - Int(first) else {
      throw .tablePosition(node: node.name, first: Int(first), count: count, positions: positions)
    }
  }

  func sharing(ofInput position: Int) -> Graph.Sharing { position == 0 ? .ifUnread : .never }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    try rules.counted(inputs, 1...2)
    let x = inputs[0]
    guard x.count >= 2, let width = x.last?.fixedLength, heads >= 1, width.isMultiple(of: heads) else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(x)) does not divide into \(heads) heads")
    }
    let (cosines, sines) = (try rules.parameter(cosines), try rules.parameter(sines))
    for table in [cosines, sines] {
      guard table.shape.count == 2, table.shape == cosines.shape, table.encoding == .dense(.float32),
        2 * table.shape[1] <= width / heads
      else {
        throw Graph.Mismatch(
          "\(table.name) has shape \(table.shape), expected dense f32 of [positions, at most \(width / heads / 2) pairs] "
            + "in both tables")
      }
    }
    if let tokens = x[x.count - 2].fixedLength, tokens > cosines.shape[0] {
      throw Graph.Mismatch("\(tokens) tokens are more than the \(cosines.shape[0]) positions of \(cosines.name)")
    }
    guard !x[x.count - 2].isBatch else { throw Graph.Mismatch("its tokens are the batch of \(OperationRules.text(x))") }
    guard inputs.count == 1 || inputs[1] == [] || inputs[1] == [1] else {
      throw Graph.Mismatch("the position has shape \(OperationRules.text(inputs[1])), expected one number")
    }
    return x
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32])
    if inputs.count > 1 { try rules.check("the position", inputs[1].type, isAmong: [.int64]) }
    try rules.check("the output", output.type, isAmong: [.float32])
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: node.inputs[0])
    let lengths = compiler.lengths(of: node.inputs[0])
    let tokens = lengths[lengths.count - 2]
    guard let table = compiler.graph.graph.constant(named: cosines), let c = compiler.floats(ofConstant: cosines),
      let s = compiler.floats(ofConstant: sines)
    else { preconditionFailure("the tables of \(node.name) are missing") }
    let (positions, pairs) = (table.shape[0], table.shape[1])
    guard tokens <= positions else {
      throw .range(node: node.name, start: 0, end: tokens, length: positions, lengths: compiler.axes)
    }
    let first =
      node.inputs.count > 1
      ? UnsafePointer(compiler.address(of: node.inputs[1]).assumingMemoryBound(to: Int64.self)) : nil
    let (x, y) = (UnsafePointer(compiler.floats(of: node.inputs[0])), compiler.floats(of: .value(node.output)))
    let isa = compiler.instructionSet.code
    let (heads, kind) = (heads, pairing == .halves ? SWL_HALVES : SWL_NEIGHBOURS)
    return compiler.job(over: rows, itemsPerTile: StepCompiler.elementsPerTile / 2 / width) { rows in
      let start = Int(first?.pointee ?? 0)
      for row in rows {
        let at = (start + row % tokens) * pairs
        swl_rotate(isa, kind, x + row * width, c + at, s + at, y + row * width, heads, width / heads, pairs)
      }
    }
  }
}
