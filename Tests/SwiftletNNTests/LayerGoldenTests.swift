import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Oracle: torch.nn, by tools/goldens/layers.py.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LayerGoldenTests {
  /// Same library, other threads and shapes of parallel work: a few units in the last place of values up to 10.
  let tolerance = 1e-5

  @Test func `convolution, norm, embedding and activations equal torch's`() throws {
    let golden = try Golden("layers.safetensors")
    let conv = Conv2d(
      weight: try golden["conv.weight"], bias: try golden["conv.bias"], stride: 2, padding: 2, dilation: 2, groups: 2)
    #expect(distance(conv(try golden["conv.input"]), try golden["conv.output"]) < tolerance)
    let norm = LayerNorm(weight: try golden["norm.weight"], bias: try golden["norm.bias"], epsilon: 1e-3)
    #expect(distance(norm(try golden["norm.input"]), try golden["norm.output"]) < tolerance)
    let embedding = Embedding(weight: try golden["embedding.weight"])
    #expect(distance(embedding(try golden["embedding.input"]), try golden["embedding.output"]) == 0)
    for activation in Activation.allCases {
      let y = activation(try golden["activation.input"])
      #expect(distance(y, try golden["activation.\(activation.rawValue)"]) < tolerance, "\(activation)")
    }
  }

  @Test func `attention equals torch's MultiheadAttention`() throws {
    let golden = try Golden("layers.safetensors")
    let attention = Attention(
      qkv: Linear(weight: try golden["attention.qkv.weight"], bias: try golden["attention.qkv.bias"]),
      projection: Linear(weight: try golden["attention.proj.weight"], bias: try golden["attention.proj.bias"]),
      heads: 3)
    #expect(distance(attention(try golden["attention.input"]), try golden["attention.output"]) < tolerance)
  }

  @Test func `batch norm equals torch's over three training batches and in inference`() throws {
    let golden = try Golden("batch-norm.safetensors")
    let norm = BatchNorm(channels: 3)
    withNoGradient {
      norm.weight.copyInPlace(from: golden.tensors["start.weight"] ?? .zeros([3]))
      norm.bias.copyInPlace(from: golden.tensors["start.bias"] ?? .zeros([3]))
    }
    norm.train(using: Generator(seed: 0))
    for step in 0..<3 {
      let x = try golden["input\(step)"]
      x.requiresGradient = true
      norm.weight.gradient = nil
      let y = norm(x)
      (y * (try golden["mask\(step)"])).sum().backward()
      #expect(distance(y, try golden["output\(step)"]) < tolerance)
      #expect(distance(norm.runningMean, try golden["mean\(step)"]) < tolerance)
      #expect(distance(norm.runningVar, try golden["var\(step)"]) < tolerance)
      #expect(distance(try #require(x.gradient), try golden["inputGradient\(step)"]) < tolerance)
      #expect(distance(try #require(norm.weight.gradient), try golden["weightGradient\(step)"]) < 1e-4)
    }
    norm.evaluate()
    #expect(distance(norm(try golden["input0"]), try golden["inference"]) < tolerance)
    #expect(norm.numBatchesTracked.item() == 3)
    #expect(distance(norm.runningMean, try golden["mean2"]) < tolerance)
  }

  @Test func `a convolution along frames and its batch norm equal torch's in training and in inference`() throws {
    let golden = try Golden("frames.safetensors")
    let conv = Conv1d(
      weight: try golden["conv.weight"], bias: try golden["conv.bias"], stride: 2, padding: 2, dilation: 2, groups: 2)
    conv.weight.requiresGradient = true
    let norm = BatchNorm(channels: 8, momentum: 0.3, epsilon: 1e-3)
    norm.weight = try golden["norm.weight"]
    norm.bias = try golden["norm.bias"]
    norm.train(using: Generator(seed: 0))
    for step in 0..<2 {
      let x = try golden["input\(step)"]
      x.requiresGradient = true
      conv.weight.gradient = nil
      let y = norm(conv(x))
      (y * (try golden["mask\(step)"])).sum().backward()
      #expect(distance(y, try golden["output\(step)"]) < tolerance)
      #expect(distance(norm.runningMean, try golden["mean\(step)"]) < tolerance)
      #expect(distance(norm.runningVar, try golden["var\(step)"]) < tolerance)
      #expect(distance(try #require(x.gradient), try golden["inputGradient\(step)"]) < 1e-4)
      #expect(distance(try #require(conv.weight.gradient), try golden["weightGradient\(step)"]) < 1e-4)
    }
    norm.evaluate()
    #expect(distance(norm(conv(try golden["input0"])), try golden["inference"]) < tolerance)
    #expect(distance(norm(try golden["plain.input"]), try golden["plain.output"]) < tolerance)
  }
}

struct Golden {
  let tensors: StateDictionary

  init(_ name: String) throws { tensors = try Checkpoint.read(from: Goldens.url(name)) }

  subscript(name: String) -> Tensor {
    get throws { try #require(tensors[name], "\(name) is not in the golden file") }
  }
}
