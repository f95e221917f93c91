import SwiftletTensor
import Testing

@Suite(torch) struct AutogradTests {
  func leaf(_ values: [Float], _ shape: [Int]? = nil) -> Tensor {
    let tensor = Tensor(values, shape: shape)
    tensor.requiresGradient = true
    return tensor
  }

  @Test func `gradients accumulate in leaves`() {
    let x = leaf([1, 2, 3])
    #expect(x.gradient == nil && x.isLeaf && x.requiresGradient)
    (x * x).sum().backward()
    #expect(x.gradient?.scalars(as: Float.self) == [2, 4, 6])
    (3 * x).sum().backward()
    #expect(x.gradient?.scalars(as: Float.self) == [5, 7, 9])
    x.gradient = nil
    #expect(x.gradient == nil)
    (x * 2).backward(gradient: Tensor([1, 0, 5] as [Float]))
    #expect(x.gradient?.scalars(as: Float.self) == [2, 0, 10])
  }

  @Test func `nothing is followed where nothing is wanted`() {
    let x = leaf([1])
    #expect(!withNoGradient { x * 2 }.requiresGradient)
    #expect(withNoGradient { withGradient { x * 2 } }.requiresGradient)
    #expect(!x.detached().requiresGradient && x.clone().requiresGradient)
    #expect((x * 2).requiresGradient)
  }

  @Test func `an inner tensor keeps its gradient if asked`() {
    let x = leaf([2])
    let y = x * 3
    y.keepGradient()
    (y * y).sum().backward()
    #expect(y.gradient?.item() == 12 && x.gradient?.item() == 36)
  }

  @Test func `gradients of gradients`() {
    let x = leaf([2])
    let first = x.pow(3).gradients(withRespectTo: [x], differentiably: true)[0]
    #expect(first?.item() == 12)
    #expect(first?.gradients(withRespectTo: [x, leaf([1])]).map { $0?.item() } == [12, nil])
    #expect(x.gradient == nil)
  }

  /// Oracle: central differences in double precision.
  @Test(arguments: [
    "matmul", "softmax", "gelu", "layerNorm", "attention", "conv2d", "crossEntropy", "concatenated", "gather",
    "variance",
  ])
  func `gradients agree with finite differences`(name: String) {
    let generator = Generator(seed: 11)
    let x = Tensor.normal([2, 3, 4], dataType: .float64, using: generator)
    let weight = Tensor.normal([4, 4], dataType: .float64, using: generator)
    let kernel = Tensor.normal([2, 2, 2, 2], dataType: .float64, using: generator)
    let labels = Tensor([1, 3] as [Int64])
    let tracked = x.clone().detached()
    tracked.requiresGradient = true
    func forward(_ x: Tensor) -> Tensor {
      switch name {
      case "matmul": x.matmul(weight)
      case "softmax": x.softmax(along: -1)
      case "gelu": x.gelu() + x.silu() + x.tanh()
      case "layerNorm": x.layerNorm(shape: [4], weight: weight.select(along: 0, at: 0))
      case "attention": scaledDotProductAttention(query: x, key: x.matmul(weight), value: x)
      case "conv2d": x.unsqueezed(0).conv2d(weight: kernel, padding: [1, 0])
      case "crossEntropy": x.select(along: 1, at: 0).crossEntropy(labels, labelSmoothing: 0.1)
      case "concatenated": Tensor.concatenated([x, x.exp()], along: 1).transposed(0, 2)
      case "gather": x.gather(along: 2, x.argsort(along: 2).narrowed(along: 2, from: 0, count: 2)) * x.topK(2).values
      default: x.variance(along: [1]) / x.norm(along: [1]) + x.mean(along: [1])
      }
    }
    // A fixed factor makes every output count differently.
    let factor = forward(x).cos()
    func plain(_ values: [Double]) -> Double { (factor * forward(Tensor(values, shape: [2, 3, 4]))).sum().item() }
    (factor * forward(tracked)).sum().backward()
    let found = tracked.gradient?.scalars(as: Double.self) ?? []
    let values = x.scalars(as: Double.self)
    let step = 1e-5
    for i in values.indices {
      var (up, down) = (values, values)
      up[i] += step
      down[i] -= step
      let difference = (plain(up) - plain(down)) / (2 * step)
      // Truncation is of the order of step^2, rounding of 1e-16 / step.
      #expect(abs(found[i] - difference) < 1e-8 * max(1, abs(difference)), "\(name)[\(i)]")
    }
  }
}

@Suite(torch) struct CustomGradientTests {
  @Test func `the gradient is the one that was written`() {
    let x = Tensor([0.4, -1.6] as [Float])
    x.requiresGradient = true
    let rounded = customGradient("round", [x], forward: { [$0[0].rounded()] }, backward: { [$0[0].map { $0 * 3 }] })[0]
    #expect(rounded.scalars(as: Float.self) == [0, -2] && rounded.requiresGradient)
    (rounded * 2).sum().backward()
    #expect(x.gradient?.scalars(as: Float.self) == [6, 6])
  }

  @Test func `several inputs and outputs pair up`() {
    let (a, b) = (Tensor([2] as [Float]), Tensor([5] as [Float]))
    a.requiresGradient = true
    b.requiresGradient = true
    var seen: [[Float]?] = []
    let outputs = customGradient(
      "pair", [a, b], forward: { [$0[0] * $0[1], $0[0] + $0[1], $0[0].cast(to: .int64)] },
      backward: { gradients in
        seen = gradients.map { $0?.scalars(as: Float.self) }
        return [gradients[0].map { $0 * b }, nil]
      })
    #expect(outputs.map { $0.item() } == [10, 7, 2] && outputs[2].dataType == .int64)
    outputs[0].sum().backward()
    #expect(seen == [[1], nil, nil])
    #expect(a.gradient?.item() == 5 && b.gradient == nil)
  }

  @Test func `nothing is built where no gradient is wanted`() {
    let x = Tensor([1] as [Float])
    let plain = customGradient("plain", [x], forward: { [$0[0] * 2] }, backward: { $0 })[0]
    #expect(!plain.requiresGradient)
    x.requiresGradient = true
    #expect(
      !withNoGradient { customGradient("plain", [x], forward: { [$0[0] * 2] }, backward: { $0 })[0] }.requiresGradient)
  }

  struct Refusal: Error {}

  @Test func `what backward throws reaches the caller`() {
    let x = Tensor([1, 2] as [Float])
    x.requiresGradient = true
    func message(_ backward: @escaping ([Tensor?]) throws -> [Tensor?]) -> String? {
      let y = customGradient("bad", [x], forward: { [$0[0] * 2] }, backward: backward)[0]
      return #expect(throws: TensorError.self) { try withError { y.sum().backward() } }?.message
    }
    #expect(message { _ in throw Refusal() } == "backward of bad: Refusal()")
    #expect(message { _ in [] } == "backward of bad: bad: backward answered 0 gradients for 1 inputs")
    #expect(
      message { [$0[0].map { $0.matmul(Tensor.zeros([3, 3])) }] }?.hasPrefix("backward of bad: aten::matmul") == true)
    #expect(message { _ in [Tensor.zeros([5])] }?.contains("shape") == true)
    // The thread works on as before.
    x.gradient = nil
    (x * 2).sum().backward()
    #expect(x.gradient?.scalars(as: Float.self) == [2, 2])
  }

  /// A node, its closure and its tensors are freed with the graph: memory is level once the allocator has warmed up.
  /// In a process of its own, because other tests use memory, too.
  @Test func `ten thousand steps leak nothing`() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor([Float](repeating: 1, count: 5000))
      x.requiresGradient = true
      let before = try trainFreely(x, steps: 500)
      let after = try trainFreely(x, steps: 10_000)
      precondition(Probe.freed == 10_500, "\(Probe.freed) closures were freed")
      // One leaked tensor a step would be 200 MB.
      precondition(after - before < 20_000_000, "\(after - before) bytes more after 10000 steps")
    }
  }
}

private final class Probe {
  nonisolated(unsafe) static var freed = 0
  deinit { Probe.freed += 1 }
}

/// Steps with a custom gradient and a caught error; answers the memory in use after them.
private func trainFreely(_ x: Tensor, steps: Int) throws -> Int {
  for _ in 0..<steps {
    let probe = Probe()
    let y = customGradient(
      "leak", [x], forward: { [$0[0] * 2] }, backward: { gradients in withExtendedLifetime(probe) { gradients } })[0]
    y.sum().backward()
    x.gradient = nil
    _ = try? withError { x + Tensor([1, 2] as [Float]) }
  }
  return try residentBytes()
}
