import CSwiftletKernels
import SwiftletFiles

extension Graph {
  /// How pixels between pixels come about, and where pixels lie.
  public enum Interpolation: String, Hashable, Sendable, FileWord, CaseIterable {
    /// The pixel at or before the place, PyTorch's `nearest`.
    case nearest
    /// In proportion between four pixels, of which each stands for the middle of its area.
    case bilinear
    /// The same, but the middles of the corners' pixels stay where they are (`align_corners`).
    case bilinearCorners
  }

  /// `[batch, channels, height, width]` with another height and width, channel by channel. Inputs: x.
  ///
  /// The nearest pixel keeps type and grid of x; interpolated ones are of f32 or u8, and are written in any type that
  /// kernels write.
  public struct Resize: GraphOperation {
    static let name = "resize"
    static let settings = ["interpolation", "size", "factors"]
    public var interpolation: Interpolation
    /// Height and width of the output.
    public var size: [Dimension]
    /// By how much height and width grow; without them, what the lengths of x and of the output say. The two differ where
    /// a length was rounded. Corners that stay need none.
    public var factors: [Double]?

    public init(_ interpolation: Interpolation, to size: [Dimension], factors: [Double]? = nil) {
      (self.interpolation, self.size, self.factors) = (interpolation, size, factors)
    }
  }
}

extension Graph.Operation {
  /// ``Graph/Resize``.
  public static func resize(_ resize: Graph.Resize) -> Self { Self(resize) }
}

extension Graph.Resize {
  var keepsType: Bool { interpolation == .nearest }
  var writesQuantized: Bool { interpolation != .nearest }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .channelsLast }
  func outputAccess(inputs count: Int) -> Graph.Access { .channelsLast }
  var imageOrder: Graph.ImageOrder { .channelsLast }

  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape {
    let x = try rules.only(inputs)
    let channels = try rules.imageChannels(of: x)
    guard size.count == 2, size.allSatisfy({ !$0.isBatch && ($0.fixedLength ?? 1) >= 1 }) else {
      throw Graph.Mismatch("the size \(OperationRules.text(size)) is no height and width")
    }
    if let factors {
      guard factors.count == 2, factors.allSatisfy({ (1e-4...1e4).contains($0) }), interpolation != .bilinearCorners
      else { throw Graph.Mismatch("the factors \(factors) are not for height and width, or the corners stay") }
    }
    let output: Graph.Shape = [x[0], .fixed(channels)] + size
    try rules.checkShape(output)
    return output
  }

  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    if keepsType {
      try rules.check("the input", inputs[0].type, isAmong: rules.writable)
      try rules.checkMoved(inputs, to: output)
    } else {
      try rules.check("the input", inputs[0].type, isAmong: [.float32, .uint8])
      try rules.check("the output", output.type, isAmong: rules.writable)
    }
  }

  /// How far neighbours of the output lie apart in the input, along height or width. As in PyTorch, a length that stays is
  /// copied, and one that doubles has each pixel twice, whatever the factor.
  func step(_ side: Int, from inputs: Int, to outputs: Int) -> Float {
    if outputs == inputs { return 1 }
    if interpolation == .nearest, outputs == 2 * inputs { return 0.5 }
    if let factors { return Float(1 / factors[side]) }
    if interpolation == .bilinearCorners { return outputs > 1 ? Float(inputs - 1) / Float(outputs - 1) : 0 }
    return Float(inputs) / Float(outputs)
  }

  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) -> ThreadPool.Job? {
    let (x, y) = (compiler.lengths(of: node.inputs[0]), compiler.outputLengths(of: node))
    func side(_ i: Int) -> swl_resized_side {
      swl_resized_side(inputs: x[2 + i], outputs: y[2 + i], step: step(i, from: x[2 + i], to: y[2 + i]))
    }
    var op = swl_resize(
      isa: compiler.instructionSet.code, interpolation: interpolation == .nearest ? SWL_NEAREST : SWL_BILINEAR,
      half_pixels: interpolation == .bilinear, batch: x[0], channels: x[1], rows: side(0), columns: side(1),
      x: compiler.address(of: node.inputs[0]), x_pictures: compiler.pictures(of: node.inputs[0]),
      input: compiler.format(of: node.inputs[0]), y: compiler.outputAddress(of: node),
      y_pictures: compiler.pictures(of: .value(node.output)), output: compiler.outputFormat(of: node))
    compiler.scratch.reserve(swl_resize_scratch_size(&op))
    let (scratch, template) = (compiler.scratch, op)
    return ThreadPool.Job(tiles: swl_resize_tiles(&op)) { first, count, worker in
      withUnsafePointer(to: template) { swl_resize_run($0, first, count, scratch.address(ofWorker: worker)) }
    }
  }
}
