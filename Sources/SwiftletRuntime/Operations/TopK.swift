import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// The greatest elements of the last axis, in descending order. Inputs: x.
  ///
  /// Of equal elements the first comes first, and NaN counts as greater than all numbers, as in PyTorch: an answer of NaN
  /// does not go unseen. With a `count` of 1 and `indices` it is argmax.
  public struct TopK: GraphOperation {
    static let name = "topK"
    static let settings = ["count", "result"]
    public var count: Int
    public var result: TopKResult
  }

  public enum TopKResult: String, Hashable, Sendable, FileWord, CaseIterable {
    /// Where the greatest stand in their row, i64.
    case indices
    /// What they are, f32.
    case values
  }
}

extension Graph.Operation {
  /// ``Graph/TopK``.
  public static func topK(_ count: Int, _ result: Graph.TopKResult) -> Self {
    Self(Graph.TopK(count: count, result: result))
  }
}

extension Graph.TopK {
  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    guard let width = x.last?.fixedLength, (1...width).contains(count) else {
      throw Graph.Mismatch("the last axis of \(OperationRules.text(x)) must be fixed and hold \(count) or more")
    }
    return x.dropLast() + [.fixed(count)]
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32])
    try rules.check("the output", output.type, isAmong: [result == .indices ? .int64 : .float32])
  }

  /// The kernel gives both; what nobody asked for goes to scratch.
  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (rows, width) = compiler.rowsAndWidth(of: node.inputs[0])
    let (count, result, scratch) = (count, result, compiler.scratch)
    scratch.reserve(count * (result == .indices ? MemoryLayout<Float>.stride : MemoryLayout<Int64>.stride))
    let x = UnsafePointer(compiler.floats(of: node.inputs[0]))
    let y = compiler.outputAddress(of: node)
    let isa = compiler.instructionSet.code
    return ThreadPool.Job(tiles: rows) { first, rows, worker in
      guard let other = scratch.address(ofWorker: worker) else { preconditionFailure("no scratch was allocated") }
      for row in first..<first + rows {
        let values = (result == .values ? y : other).assumingMemoryBound(to: Float.self)
        let indices = (result == .indices ? y : other).assumingMemoryBound(to: Int64.self)
        swl_top_k(
          isa, x + row * width, result == .values ? values + row * count : values,
          result == .indices ? indices + row * count : indices, 1, width, count)
      }
    }
  }
}
