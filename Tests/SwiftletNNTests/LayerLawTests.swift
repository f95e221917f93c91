import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LayerLawTests {
  let generator = Generator(seed: 5)

  /// Oracle: central differences in float64, whose error here is near 1e-9 relative.
  @Test func `gradients through a block agree with finite differences`() throws {
    let block = TransformerBlock(width: 6, heads: 2, hidden: 10, using: generator)
    block.cast(to: .float64)
    let x = Tensor.normal([2, 3, 6], using: generator).cast(to: .float64)
    x.requiresGradient = true
    let weights = Tensor.normal([2, 3, 6], using: generator).cast(to: .float64)
    func loss() -> Tensor { (block(x) * weights).sum() }
    loss().backward()
    let step = 1e-5
    for (path, tensor) in block.namedParameters() + [("x", x)] {
      let gradient = try #require(tensor.gradient, "\(path) has no gradient").flattened().scalars(as: Double.self)
      for index in Set([0, gradient.count / 2, gradient.count - 1]) {
        let difference = withNoGradient {
          let value = tensor.detached().flattened().narrowed(along: 0, from: index, count: 1)  // shares memory
          value.addInPlace(step)
          let above = loss().item()
          value.addInPlace(-2 * step)
          let below = loss().item()
          value.addInPlace(step)
          return (above - below) / (2 * step)
        }
        #expect(abs(difference - gradient[index]) < 1e-6 * max(1, abs(difference)), "\(path)[\(index)]")
      }
    }
  }

  @Test func `a sample's result does not depend on its batch neighbours`() {
    let block = TransformerBlock(width: 12, heads: 3, hidden: 20, using: generator)
    let x = Tensor.normal([5, 7, 12], using: generator)
    let all = block(x)
    for sample in 0..<5 {
      let alone = block(x.narrowed(along: 0, from: sample, count: 1))
      // Not bit for bit: a product of other extents may sum in another order.
      #expect(distance(all.narrowed(along: 0, from: sample, count: 1), alone) < 1e-5)
    }
  }

  /// bfloat16 keeps 8 bits; training takes another formulation of attention than inference does.
  @Test func `attention learned in bfloat16 agrees with float32, result and gradient`() throws {
    let attention = Attention(width: 16, heads: 4, using: generator)
    let x = Tensor.normal([2, 9, 16], using: generator)
    let weights = Tensor.normal([2, 9, 16], using: generator)
    let qkv = try #require(attention.qkv as? Linear)
    func gradient(of result: Tensor) throws -> Tensor {
      qkv.weight.gradient = nil
      (result.cast(to: .float32) * weights).sum().backward()
      return try #require(qkv.weight.gradient).detached().clone()
    }
    let exact = attention(x)
    let fast = withAutocast(.bfloat16) { attention(x) }
    #expect(fast.dataType == .bfloat16)
    #expect(distance(fast.cast(to: .float32), exact) < 0.02)
    let (exactGradient, fastGradient) = (try gradient(of: exact), try gradient(of: fast))
    #expect(distance(fastGradient, exactGradient) < 0.03 * exactGradient.abs().max().item())
  }

  /// Binomial: 4000 draws at 0.3 have a standard deviation of 0.0072; the bound is five of them.
  @Test func `drop path keeps or drops samples whole, at its rate, and keeps the mean`() {
    let layer = DropPath(rate: 0.3)
    let x = Tensor.ones([4000, 2, 3])
    #expect(distance(layer(x), x) == 0)
    layer.train(using: Generator(seed: 21))
    let rows = layer(x).reshaped([4000, 6]).scalars(as: Float.self)
    let samples = (0..<4000).map { Set(rows[$0 * 6..<$0 * 6 + 6]) }
    #expect(samples.allSatisfy { $0 == [0] || $0.allSatisfy { abs($0 - 1 / 0.7) < 1e-6 } })
    let kept = samples.count { !$0.contains(0) }
    #expect(abs(Double(kept) / 4000 - 0.7) < 0.036)
  }

  @Test func `dropout drops single elements at its rate and scales the others`() {
    let layer = Dropout(rate: 0.25)
    layer.train(using: Generator(seed: 22))
    let values = layer(Tensor.ones([100, 100])).scalars(as: Float.self)
    let dropped = values.count { $0 == 0 }
    #expect(abs(Double(dropped) / 10000 - 0.25) < 0.022)
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
    #expect(distance(Dropout(rate: 0)(.ones([3])), .ones([3])) == 0)
  }

  @Test func `batch norm refuses to train on one value per channel`() {
    let norm = BatchNorm(channels: 3)
    norm.train(using: generator)
    #expect(
      throws: TensorError(
        operation: "BatchNorm",
        message: "training needs more than one value per channel, the input has shape [1, 3, 1, 1]")
    ) { try withError { norm(.ones([1, 3, 1, 1])) } }
    norm.evaluate()
    #expect(distance(norm(.zeros([1, 3, 1, 1])), .zeros([1, 3, 1, 1])) == 0)
  }

  @Test func `the same generator seed drops the same samples`() {
    let layer = DropPath(rate: 0.5)
    let x = Tensor.ones([64, 1])
    layer.train(using: Generator(seed: 3))
    let first = layer(x)
    layer.train(using: Generator(seed: 3))
    #expect(distance(first, layer(x)) == 0)
    layer.train(using: Generator(seed: 4))
    #expect(distance(first, layer(x)) > 0)
  }

  /// Oracle: the distributions' moments; 20,000 samples give a deviation to half a percent (one sigma).
  @Test(arguments: [
    (Initialization.normal(standardDeviation: 0.5), 0.5), (.truncatedNormal(standardDeviation: 0.02), 0.02),
    (.uniform(bound: 0.3), 0.3 / 3.0.squareRoot()), (.xavierUniform, (2.0 / 300).squareRoot()),
    (.kaimingNormal, (2.0 / 200).squareRoot()), (.fanInUniform, (1.0 / 600).squareRoot()),
  ])
  func `initial weights have the stated deviation and mean 0`(start: Initialization, deviation: Double) {
    let tensor = start.parameter([100, 200], using: Generator(seed: 8))
    let values = tensor.detached().scalars(as: Float.self).map(Double.init)
    let mean = values.reduce(0, +) / 20000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000
    #expect(abs(mean) < 5 * deviation / 20000.0.squareRoot())
    #expect(abs(variance.squareRoot() / deviation - 1) < 0.025)
    #expect(tensor.requiresGradient)
    let again = start.parameter([100, 200], using: Generator(seed: 8))
    #expect(distance(tensor, again) == 0)
  }

  @Test func `a wide truncated normal stays inside -2...2`() {
    let values = Initialization.truncatedNormal(standardDeviation: 3).parameter([5000], using: generator)
      .detached().scalars(as: Float.self)
    #expect(values.allSatisfy { abs($0) <= 2 })
    #expect(values.contains { abs($0) > 1.9 })
  }
}
