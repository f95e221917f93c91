import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// What becomes of the elements of a window.
  public enum Pooling: String, Hashable, Sendable, FileWord, CaseIterable {
    case max
    /// Their mean, where padding counts as zeros: PyTorch's default.
    case average
    /// The mean of those that lie inside.
    case averageInside
  }

  /// The greatest element or the mean of each window of `[batch, channels, height, width]`, channel by channel. Inputs: x.
  ///
  /// The greatest keeps type and grid of x, in f32 or u8; padding is never the greatest. Means are of f32 or u8, and are
  /// written in any type that kernels write.
  public struct Pool: GraphOperation {
    static let name = "pool"
    static let settings = ["pooling", "kernel", "stride", "padding", "dilation"]
    public var pooling: Pooling
    /// Height and width, as in the three that follow.
    public var kernel: [Int]
    public var stride: [Int]
    /// On both sides, at most half of what the kernel spans.
    public var padding: [Int]
    public var dilation: [Int]

    public init(
      _ pooling: Pooling, kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], dilation: [Int] = [1, 1]
    ) {
      (self.pooling, self.kernel, self.stride) = (pooling, kernel, stride ?? kernel)
      (self.padding, self.dilation) = (padding, dilation)
    }
  }
}

extension Graph.Operation {
  /// ``Graph/Pool``.
  public static func pool(_ pool: Graph.Pool) -> Self { Self(pool) }
}

extension Graph.Pool {
  var keepsType: Bool { pooling == .max }
  var writesQuantized: Bool { pooling != .max }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .channelsLast }
  func outputAccess(inputs count: Int) -> Graph.Access { .channelsLast }
  var imageOrder: Graph.ImageOrder { .channelsLast }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    let channels = try rules.imageChannels(of: x)
    try rules.checkPairs([
      ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1),
    ])
    guard (0..<2).allSatisfy({ 2 * padding[$0] <= dilation[$0] * (kernel[$0] - 1) + 1 }) else {
      throw Graph.Mismatch("the padding \(padding) is more than half of the kernel \(kernel)")
    }
    guard kernel[0] * kernel[1] <= 1 << 16 else {
      throw Graph.Mismatch("a kernel of \(kernel[0]) x \(kernel[1]) has more than \(1 << 16) elements")
    }
    var output: Graph.Shape = [x[0], .fixed(channels)]
    for side in 0..<2 {
      output.append(
        try rules.windows(
          along: x[2 + side], kernel: kernel[side], stride: stride[side], padding: 2 * padding[side],
          dilation: dilation[side]))
    }
    try rules.checkShape(output)
    try rules.checkWork(output, inner: kernel[0] * kernel[1])
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    try rules.check("the input", inputs[0].type, isAmong: [.float32, .uint8])
    if keepsType {
      try rules.checkMoved(inputs, to: output)
    } else {
      try rules.check("the output", output.type, isAmong: rules.writable)
    }
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (x, y) = (compiler.lengths(of: node.inputs[0]), compiler.outputLengths(of: node))
    func side(_ i: Int) -> swl_side {
      swl_side(
        inputs: x[2 + i], outputs: y[2 + i], kernel: kernel[i], stride: stride[i], padding: padding[i],
        dilation: dilation[i])
    }
    var op = swl_pool(
      isa: compiler.instructionSet.code, pooling: pooling == .max ? SWL_POOL_MAX : SWL_POOL_AVERAGE, batch: x[0],
      channels: x[1], rows: side(0), columns: side(1), counts_padding: pooling == .average,
      x: compiler.address(of: node.inputs[0]), x_pictures: compiler.pictures(of: node.inputs[0]),
      input: compiler.format(of: node.inputs[0]), y: compiler.outputAddress(of: node),
      y_pictures: compiler.pictures(of: .value(node.output)), output: compiler.outputFormat(of: node))
    compiler.scratch.reserve(swl_pool_scratch_size(&op))
    let (scratch, template) = (compiler.scratch, op)
    return ThreadPool.Job(tiles: swl_pool_tiles(&op)) { first, count, worker in
      withUnsafePointer(to: template) { swl_pool_run($0, first, count, scratch.address(ofWorker: worker)) }
    }
  }
}
