import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// Maps that are joined, enlarged, pooled and activated between int8 convolutions.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ByteImageTests {
  /// A small pyramid: two scales, spatial pooling, an activation that two read, and a map that is averaged.
  private final class Pyramid: Layer {
    @Child var stem: any Layer
    @Child var left: any Layer
    @Child var right: any Layer
    @Child var down: any Layer
    @Child var wide: any Layer
    @Child var lateral: any Layer
    @Child var narrow: any Layer
    @Child var head: any Layer

    init(using generator: Generator) {
      func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int = 3, stride: Int = 1) -> Conv2d {
        Conv2d(
          inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2, using: generator)
      }
      stem = convolution(3, 8, stride: 2)
      (left, right) = (convolution(8, 8, 1), convolution(8, 8, 1))
      (down, wide) = (convolution(16, 16, stride: 2), convolution(64, 16, 1))
      (lateral, narrow) = (convolution(16, 8, 1), convolution(24, 8))
      head = convolution(8, 3, 1)
    }

    private init(_ other: Pyramid) {
      (stem, left, right, down) = (other.stem, other.left, other.right, other.down)
      (wide, lateral, narrow, head) = (other.wide, other.lateral, other.narrow, other.head)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let first = stem(x).relu()
      let joined = Tensor.concatenated([left(first).silu(), right(first).silu()], along: 1)
      let small = down(joined)
      let active = small.silu()
      let near = active.maxPool2d(size: [3, 3], stride: [1, 1], padding: [1, 1])
      let far = active.maxPool2d(size: [5, 5], stride: [1, 1], padding: [2, 2])
      let deep = wide(Tensor.concatenated([active, near, far, small], along: 1)).leakyRelu(slope: 0.1)
      let large = deep.interpolate(to: [8, 8], .nearest)
      let merged = narrow(Tensor.concatenated([lateral(joined).relu(), large], along: 1)).hardSwish()
      return head(merged.interpolate(to: [16, 16])).mean(along: [2, 3])
    }

    func shallowCopy() -> Pyramid { Pyramid(self) }
  }

  private static func inputs(_ count: Int) -> [Tensor] {
    let generator = Generator(seed: 8)
    return (0..<count).map { _ in Tensor.normal([2, 3, 16, 16], using: generator) }
  }

  /// Oracle: by hand, the values between the first layer and the last; and the network in floats.
  @Test func `between int8 convolutions every map is bytes`() throws {
    let pyramid = Pyramid(using: Generator(seed: 5))
    let batches = Self.inputs(8)
    let exported = try Exporter(
      precision: .uniform(.int8), calibration: Calibration(batches: batches, rule: .minMax)
    ).export(pyramid, inputShape: [3, 16, 16])
    let graph = exported.graph
    #expect(!graph.nodes.contains { $0.operation == .convert })
    let floats = graph.nodes.filter { graph.value(named: $0.output)?.type == .float32 }.map(\.operation.name)
    // Nobody reads what the last convolution writes in bytes.
    #expect(floats == ["convolution", "pool", "reshape"])
    #expect(graph.nodes.contains { $0.operation == .activation(.silu) })
    let concatenations = graph.nodes.filter { $0.operation.name == "concatenate" }
    #expect(concatenations.count == 3)
    for node in concatenations {
      let grids = Set((node.inputs + [node.output]).map { graph.value(named: $0)?.quantization })
      #expect(grids.count == 1 && !grids.contains(nil))
    }

    let session = try Session(exported.modelFile(), threads: 2)
    for batch in batches {
      let expected = withNoGradient { pyramid(batch) }.contiguous().scalars(as: Float.self)
      let found = try session.run([batch.array])[0].floats
      #expect(maximumDifference(expected, found) < 0.08)
    }
  }

  /// Law: whoever reads floats keeps them, and what feeds him does too.
  @Test func `a map that somebody else reads in floats is converted for the int8 layer alone`() throws {
    let generator = Generator(seed: 6)
    let (one, two) = (
      Conv2d(inputs: 3, outputs: 4, kernel: 3, using: generator),
      Conv2d(inputs: 4, outputs: 4, kernel: 1, using: generator)
    )
    let batches = Self.inputs(2)
    let exported = try Exporter(
      precision: .uniform(.int8), calibration: Calibration(batches: batches, rule: .minMax), quantizesEnds: true
    ).export(Residual(one, two), inputShape: [3, 16, 16])
    #expect(
      exported.graph.nodes.map(\.operation.name) == ["convert", "convolution", "pool", "convert", "convolution", "add"])
  }

  private final class Residual: Layer {
    @Child var one: any Layer
    @Child var two: any Layer

    init(_ one: any Layer, _ two: any Layer) { (self.one, self.two) = (one, two) }
    func callAsFunction(_ x: Tensor) -> Tensor {
      let pooled = one(x).maxPool2d(size: [2, 2])
      return two(pooled) + pooled
    }
    func shallowCopy() -> Residual { Residual(one, two) }
  }
}
