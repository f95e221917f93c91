import SwiftletNN
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletExport
@testable import SwiftletTensor

/// A layer from a closure, with the parameters that it uses.
private final class Function: Layer {
  @Parameter var weight: Tensor
  let body: (Tensor, Tensor) -> Tensor

  init(weight: Tensor, body: @escaping (Tensor, Tensor) -> Tensor) {
    self.body = body
    self.weight = weight
  }

  func callAsFunction(_ x: Tensor) -> Tensor { body(x, weight) }
  func shallowCopy() -> Function { Function(weight: weight, body: body) }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct TracingTests {
  /// Exports the function and compares it with itself at several batch sizes. Oracle: libtorch.
  private func check(
    _ inputShape: [Int], weight: [Int] = [1], tolerance: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: @escaping (Tensor, Tensor) -> Tensor
  ) throws {
    var numbers = SplitMix64(seed: 21)
    let function = Function(
      weight: Tensor(numbers.floats(weight.reduce(1, *)), shape: weight), body: body)
    let exported = try Exporter().export(function, inputShape: inputShape)
    let session = try Session(exported.modelFile(), threads: 1)
    for batch in [1, 2, 5] {
      let shape = [batch] + inputShape
      let input = numbers.floats(shape.reduce(1, *))
      let expected = withNoGradient { function(Tensor(input, shape: shape)) }
      let found = try session.run([NDArray(input, shape: shape)])
      #expect(found.count == 1 && found[0].shape == expected.shape, sourceLocation: sourceLocation)
      let difference = maximumDifference(expected.contiguous().scalars(as: Float.self), found[0].floats)
      #expect(difference <= tolerance, sourceLocation: sourceLocation)
    }
  }

  private func error(
    _ inputShape: [Int], weight: [Int] = [1], _ body: @escaping (Tensor, Tensor) -> Tensor
  ) -> String? {
    let function = Function(weight: .ones(weight), body: body)
    do {
      _ = try Exporter().export(function, inputShape: inputShape)
      return nil
    } catch { return "\(error)" }
  }

  @Test func `arithmetic with tensors and numbers`() throws {
    try check([3, 4], weight: [4]) { x, w in x + w }
    try check([3, 4], weight: [4]) { x, w in (x * w - 2 * x) * 0.5 + 3 }
    try check([3, 4], weight: [4]) { x, w in 1 - x / (w * w + 1) }
    try check([3, 4]) { x, _ in -x - 1.5 }
    try check([3, 4]) { x, _ in (x + x * x) / 4 }
  }

  @Test func `activations`() throws {
    try check([3, 4]) { x, _ in x.relu() + x.gelu() }
    try check([3, 4]) { x, _ in x.silu() * x.sigmoid() }
    try check([3, 4]) { x, _ in x.softmax(along: -1) }
  }

  @Test func `shapes`() throws {
    try check([6, 4]) { x, _ in x.reshaped([x.shape[0], 2, 3, 4]).permuted([0, 2, 1, 3]).flattened(from: 1) }
    try check([6, 4]) { x, _ in x.transposed(1, 2).unsqueezed(1).squeezed(1) + 1 }
    try check([6, 4]) { x, _ in Tensor.concatenated([x, x * 2], along: 1) }
    try check([6, 4]) { x, _ in Tensor.stacked([x, x + 1], along: 1) }
    try check([6, 4]) { x, _ in x.chunk(2, along: 2)[1] * 1 }
    try check([6, 4]) { x, _ in x.split(sizes: [1, 2, 3], along: 1)[2] * 1 }
    try check([6, 4]) { x, _ in x.unbind(along: 1)[5] * 1 }
    try check([6, 4]) { x, _ in x.select(along: 1, at: -1) * 1 }
    try check([6, 4]) { x, _ in x.narrowed(along: 1, from: 2, count: 3) * 1 }
    try check([6, 4]) { x, _ in x.mean(along: [1]) }
    try check([6, 4], weight: [1, 1, 4]) { x, w in
      Tensor.concatenated([w.expanded([x.shape[0], 1, 4]), x], along: 1)
    }
  }

  @Test func `linear layers, with and without bias, in every spelling`() throws {
    try check([3, 4], weight: [5, 4]) { x, w in x.linear(weight: w) }
    try check([4], weight: [5, 4]) { x, w in x.linear(weight: w, bias: w.select(along: 1, at: 0)) }
    try check([3, 4], weight: [4, 5]) { x, w in x.matmul(w) }
    try check([4], weight: [4, 5]) { x, w in
      Operator("aten::addmm")(.tensor(w.select(along: 0, at: 0)), .tensor(x), .tensor(w))
    }
  }

  @Test func `a convolution whose stride is its kernel`() throws {
    try check([3, 8, 12], weight: [5, 3, 4, 4]) { x, w in
      x.conv2d(weight: w, bias: nil, stride: [4, 4], padding: [0, 0], dilation: [1, 1], groups: 1)
    }
    try check([3, 4, 4], weight: [5, 3, 1, 1]) { x, w in
      x.conv2d(weight: w, bias: nil, stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1)
    }
  }

  @Test func `attention, causal and masked`() throws {
    try check([2, 5, 3]) { x, _ in scaledDotProductAttention(query: x, key: x * 2, value: x + 1) }
    try check([2, 5, 3]) { x, _ in
      scaledDotProductAttention(query: x, key: x * 2, value: x + 1, causal: true)
    }
    try check([2, 5, 3], weight: [5, 5]) { x, w in
      scaledDotProductAttention(query: x, key: x * 2, value: x + 1, mask: w)
    }
  }

  @Test func `what does not depend on the input is computed once`() throws {
    let function = Function(weight: Tensor([4, 9, 16], shape: [3])) { x, w in x * (w * 2 + 1).exp().log() }
    let exported = try Exporter().export(function, inputShape: [3])
    #expect(exported.graph.nodes.map(\.operation.name) == ["multiply"])
    #expect(exported.graph.constants.map(\.name) == ["weight"])
  }

  // MARK: Batch norm

  @Test(arguments: [true, false])
  func `batch norm behind a convolution or a linear disappears`(isBiased: Bool) throws {
    let generator = Generator(seed: 31)
    let convolution = Conv2d(inputs: 3, outputs: 6, kernel: 2, stride: 2, bias: isBiased, using: generator)
    let norm = BatchNorm(channels: 6, epsilon: 1e-3)
    // Negative scales and a tiny variance among them.
    norm.weight = Tensor([-1.5, 0.3, 2, 1, -0.1, 0.7] as [Float], shape: [6])
    norm.bias = Tensor([0.2, -0.4, 0, 1, 3, -2] as [Float], shape: [6])
    norm.runningMean = Tensor([0.1, 0.2, -0.3, 0, 1, -1] as [Float], shape: [6])
    norm.runningVar = Tensor([1e-6, 2, 0.5, 1, 3, 0.1] as [Float], shape: [6])
    try check([3, 6, 6]) { x, _ in norm(convolution(x)) }

    let exported = try Exporter().export(inputShape: [3, 6, 6], name: "folded", parameters: []) {
      norm(convolution($0))
    }
    #expect(exported.graph.nodes.map(\.operation.name) == ["patchify", "linear", "permute", "reshape"])
  }

  @Test func `batch norm by itself is a product and a sum`() throws {
    let norm = BatchNorm(channels: 3)
    norm.runningMean = Tensor([0.1, 0.2, -0.3] as [Float], shape: [3])
    norm.runningVar = Tensor([0.5, 2, 1] as [Float], shape: [3])
    try check([3, 4, 4]) { x, _ in norm(x) }
  }

  @Test func `batch norm stays where its argument has another reader`() throws {
    let convolution = Conv2d(inputs: 3, outputs: 3, kernel: 1, using: Generator(seed: 2))
    let norm = BatchNorm(channels: 3)
    norm.runningVar = Tensor([0.5, 2, 1] as [Float], shape: [3])
    try check([3, 4, 4]) { x, _ in
      let y = convolution(x)
      return y + norm(y)
    }
  }

  @Test func `convolutions of any kernel, stride, padding, dilation and groups`() throws {
    try check([3, 7, 5], weight: [2, 3, 3, 3]) { x, w in
      x.conv2d(weight: w, bias: nil, stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1)
    }
    try check([4, 9, 8], weight: [6, 2, 3, 2]) { x, w in
      x.conv2d(weight: w, bias: nil, stride: [2, 1], padding: [2, 0], dilation: [1, 2], groups: 2).relu()
    }
    let conv1d = Operator("aten::conv1d")
    try check([4, 11], weight: [6, 4, 3]) { x, w in
      conv1d.tensor(
        [.tensor(x), .tensor(w), .none, .ints([2]), .ints([1]), .ints([1]), .int(1)], #fileID, #line
      ).relu()
    }
  }

  // MARK: Images

  @Test func `windows of pictures`() throws {
    try check([3, 9, 8]) { x, _ in x.maxPool2d(size: [2, 2]) }
    try check([3, 9, 8]) { x, _ in x.maxPool2d(size: [5, 3], stride: [1, 2], padding: [2, 1]) }
    try check([3, 9, 8]) { x, _ in x.averagePool2d(size: [3, 2], stride: [2, 1], padding: [1, 1]) }
    try check([3, 9, 8]) { x, _ in x.averagePool2d(to: [1, 1]) }
    try check([3, 9, 8]) { x, _ in x.averagePool2d(to: [3, 4]) }
    try check([3, 9, 8]) { x, _ in x.mean(along: [2, 3]) }
    let (maximum, average) = (Operator("aten::max_pool2d"), Operator("aten::avg_pool2d"))
    try check([2, 9, 9]) { x, _ in
      maximum.tensor([.tensor(x), .ints([3]), .ints([1]), .ints([1]), .ints([2])], #fileID, #line)
    }
    try check([2, 9, 9]) { x, _ in
      average.tensor([.tensor(x), .ints([3]), .ints([]), .ints([1]), false, false], #fileID, #line)
    }
    #expect(
      error([2, 9, 9]) { x, _ in
        maximum.tensor([.tensor(x), .ints([2]), .ints([2]), .ints([0]), .ints([1]), true], #fileID, #line)
      }?.contains("ceil_mode") == true)
    #expect(error([3, 9, 8]) { x, _ in x.averagePool2d(to: [2, 4]) }?.contains("windows of one size") == true)
  }

  @Test(arguments: [[5, 7], [6, 6], [12, 10], [1, 1], [3, 23]])
  func `pictures of another size`(size: [Int]) throws {
    for method in [Interpolation.nearest, .bilinear(), .bilinear(alignedCorners: true)] {
      try check([3, 6, 5]) { x, _ in x.interpolate(to: size, method) }
    }
    let (nearest, bilinear) = (
      Operator("aten::upsample_nearest2d.vec"), Operator("aten::upsample_bilinear2d.vec")
    )
    let factors = [Double(size[0]) / 6 + 0.03, Double(size[1]) / 5 + 0.02]
    try check([3, 6, 5]) { x, _ in nearest.tensor([.tensor(x), .none, .doubles(factors)], #fileID, #line) }
    try check([3, 6, 5]) { x, _ in bilinear.tensor([.tensor(x), .none, false, .doubles(factors)], #fileID, #line) }
    try check([3, 6, 5]) { x, _ in bilinear.tensor([.tensor(x), .none, true, .doubles(factors)], #fileID, #line) }
  }

  @Test(arguments: [(2, 2, 0, 0), (4, 2, 1, 0), (3, 2, 1, 1), (3, 1, 1, 0), (5, 3, 4, 2), (2, 3, 0, 0)])
  func `transposed convolutions`(kernel: Int, stride: Int, padding: Int, outputPadding: Int) throws {
    try check([5, 4, 6], weight: [5, 3, kernel, kernel]) { x, w in
      x.transposedConv2d(
        weight: w, stride: [stride, stride], padding: [padding, padding], outputPadding: [outputPadding, outputPadding]
      ).relu()
    }
    let general = Operator("aten::convolution")
    try check([5, 4, 6], weight: [5, 3, kernel, kernel]) { x, w in
      general.tensor(
        [
          .tensor(x), .tensor(w), .none, .ints([stride, stride]), .ints([padding, padding]), .ints([1, 1]), true,
          .ints([outputPadding, outputPadding]), .int(1),
        ], #fileID, #line)
    }
  }

  @Test func `batch norm and an activation join a transposed convolution`() throws {
    let convolution = ConvTranspose2d(
      inputs: 3, outputs: 6, kernel: 4, stride: 2, padding: 1, using: Generator(seed: 3))
    let norm = BatchNorm(channels: 6)
    norm.runningMean = Tensor([0.1, 0.2, -0.3, 0, 1, -1] as [Float], shape: [6])
    norm.runningVar = Tensor([1e-2, 2, 0.5, 1, 3, 0.1] as [Float], shape: [6])
    try check([3, 6, 6]) { x, _ in norm(convolution(x)).hardSwish() }
    let exported = try Exporter().export(inputShape: [3, 6, 6], name: "folded", parameters: []) {
      norm(convolution($0)).hardSwish()
    }
    #expect(exported.graph.nodes.map(\.operation.name) == ["transposedConvolution"])
  }

  @Test func `activations, alone and behind a convolution`() throws {
    let activations: [(Tensor) -> Tensor] = [
      { $0.tanh() }, { $0.leakyRelu() }, { $0.leakyRelu(slope: 0.2) }, { $0.hardSwish() }, { $0.sigmoid() },
      { $0.hardSigmoid() },
    ]
    for activation in activations {
      try check([3, 4]) { x, _ in activation(x * 5) }
      let convolution = Conv2d(inputs: 3, outputs: 4, kernel: 3, using: Generator(seed: 4))
      try check([3, 6, 6]) { x, _ in activation(convolution(x)) }
      let exported = try Exporter().export(inputShape: [3, 6, 6], name: "fused", parameters: []) {
        activation(convolution($0))
      }
      #expect(exported.graph.nodes.map(\.operation.name) == ["convolution"])
    }
  }

  @Test func `zeros around an image become the padding of a convolution`() throws {
    let pad = Operator("aten::pad")
    func padded(_ x: Tensor, _ amounts: [Int]) -> Tensor {
      pad.tensor([.tensor(x), .ints(amounts), .string("constant"), .none], #fileID, #line)
    }
    // A causal convolution of the conformer's kind, and one with more zeros on one side.
    try check([6, 11], weight: [6, 1, 5]) { x, w in padded(x, [4, 0]).conv1d(weight: w, groups: 6) }
    try check([4, 7, 6], weight: [5, 4, 3, 2]) { x, w in padded(x, [0, 1, 2, 0]).conv2d(weight: w, padding: [1, 0]) }
    let exported = try Exporter().export(inputShape: [6, 11], name: "causal", parameters: []) { x in
      padded(x, [4, 0]).conv1d(weight: .ones([6, 1, 5]), groups: 6)
    }
    #expect(exported.graph.nodes.map(\.operation.name) == ["reshape", "convolution", "reshape"])
  }

  // MARK: Errors

  @Test func `an operation without counterpart is named with its shape`() {
    #expect(
      error([3, 4]) { x, _ in x.sort(along: 1).values }
        == "cannot export aten::sort at sort ([2, 3, 4]): the runtime has no counterpart for this operation")
  }

  @Test func `a pass that looks at the batch size is refused`() {
    #expect(error([4]) { x, _ in x.shape[0] == 2 ? x + 1 : x + 1 + 1 }?.contains("batch size") == true)
    #expect(error([4]) { x, _ in x + Double(x.shape[0]) }?.contains("grows with the batch") == true)
    #expect(error([4]) { x, _ in x * (0.5 / Double(x.shape[0])) }?.contains("differs between the batch sizes") == true)
    #expect(error([4]) { x, _ in x * Tensor([Float](repeating: 2, count: x.shape[0]), shape: [x.shape[0], 1]) } != nil)
  }

  @Test func `writing into a tensor is refused`() {
    #expect(
      error([4]) { x, _ in
        let y = x + 1
        y.addInPlace(x)
        return y
      }?.contains("writes into a tensor") == true)
  }

  @Test func `an output without input is refused`() {
    #expect(
      error([4], weight: [4]) { _, w in w * 2 } == "cannot trace the model: its output does not depend on its input")
  }

  @Test func `averaging over the batch is refused`() {
    #expect(error([4]) { x, _ in x.mean(along: [0]) } != nil)
  }
}
