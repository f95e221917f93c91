import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// The kinds of blocks that `RandomDrivingNetwork` has, once each and narrow, written with libtorch's operators.
private final class DrivingNetwork {
  private let generator = Generator(seed: 11)
  private(set) var parameters: [(path: String, tensor: Tensor)] = []
  private var convolutions: [String: Conv2d] = [:]

  /// Draws its weights in a first pass.
  init() { _ = self(.zeros([1, 3, 64, 96])) }

  private func conv(_ name: String, _ x: Tensor, _ outputs: Int, _ kernel: Int, stride: Int = 1) -> Tensor {
    last(name, x, outputs, kernel, stride: stride).relu()
  }

  private func last(_ name: String, _ x: Tensor, _ outputs: Int, _ kernel: Int, stride: Int = 1) -> Tensor {
    let layer =
      convolutions[name]
      ?? Conv2d(
        inputs: x.shape[1], outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2, using: generator)
    if convolutions[name] == nil {
      convolutions[name] = layer
      parameters.append(("\(name).weight", layer.weight))
      if let bias = layer.bias { parameters.append(("\(name).bias", bias)) }
    }
    return layer(x)
  }

  private func elan(_ name: String, _ x: Tensor, _ inner: Int, _ outputs: Int) -> Tensor {
    let (a, b) = (conv("\(name).a", x, inner, 1), conv("\(name).b", x, inner, 1))
    let c = conv("\(name).c1", conv("\(name).c0", b, inner, 3), inner, 3)
    return conv("\(name).out", .concatenated([c, b, a], along: 1), outputs, 1)
  }

  private func halved(_ name: String, _ x: Tensor, _ outputs: Int) -> Tensor {
    let pooled = conv("\(name).a", x.maxPool2d(size: [2, 2]), outputs, 1)
    let strided = conv("\(name).b1", conv("\(name).b0", x, outputs, 1), outputs, 3, stride: 2)
    return .concatenated([pooled, strided], along: 1)
  }

  private func doubled(_ x: Tensor) -> Tensor { x.interpolate(to: x.shape.suffix(2).map { 2 * $0 }, .nearest) }

  /// Boxes, and the areas: `[batch, numbers]`, one behind the other.
  func callAsFunction(_ image: Tensor) -> Tensor {
    let stem = conv("stem.1", conv("stem.0", image, 4, 3), 8, 3, stride: 2)
    let early = elan("early", halved("half.0", stem, 8), 8, 16)
    let deep = elan("deep", halved("half.1", early, 8), 8, 16)
    let entry = conv("spp.a", deep, 8, 1)
    let pools = [5, 9, 13].map { entry.maxPool2d(size: [$0, $0], stride: [1, 1], padding: [$0 / 2, $0 / 2]) }
    let pyramid = conv("spp.out", .concatenated([entry] + pools, along: 1), 12, 3)
    let raised = doubled(conv("raised", pyramid, 8, 1))
    let fused = elan("fused", .concatenated([conv("short", early, 8, 1), raised], along: 1), 8, 16)
    let boxes = last("boxes", conv("boxes.in", fused, 16, 3), 27, 1)
    let area = last("area", doubled(conv("area.in", doubled(fused), 5, 3)), 3, 3)
    return .concatenated([boxes.flattened(from: 1), area.flattened(from: 1)], along: 1)
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct DrivingExportTests {
  /// Oracle: libtorch.
  @Test func `a network for driving, with maps joined, pooled and raised, equals libtorch`() throws {
    let network = DrivingNetwork()
    let exported = try Exporter().export(
      inputShape: [3, 64, 96], name: "driving", parameters: network.parameters, forward: { network($0) })
    let names = Set(exported.graph.nodes.map(\.operation.name))
    #expect(names == ["convolution", "pool", "resize", "concatenate", "reshape"])
    let session = try Session(exported.modelFile(), threads: 2)
    let generator = Generator(seed: 12)
    for batch in [1, 3] {
      let image = Tensor.normal([batch, 3, 64, 96], using: generator)
      let expected = withNoGradient { network(image) }
      let found = try session.run([image.array])[0]
      #expect(found.shape == expected.shape)
      #expect(maximumDifference(expected.contiguous().scalars(as: Float.self), found.floats) <= 1e-5)
    }
  }
}
