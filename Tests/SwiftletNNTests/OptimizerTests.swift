import SwiftletCheckpoint
import SwiftletTensor
import Testing

@testable import SwiftletNN

/// float32 arithmetic in another order than PyTorch's: a few units in the last place, ten steps long.
private let tolerance: Float = 2e-6

private func close(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct OptimizerTests {
  /// Settings of the golden script; the vector's group has no weight decay.
  func optimizer(_ name: String, _ parameters: [(name: String, tensor: Tensor)]) -> any Optimizer {
    switch name {
    case "adamw":
      AdamW(
        ParameterGroup.decaying(parameters, weightDecay: 0.05), beta1: 0.9, beta2: 0.99, epsilon: 1e-6)
    case "sgd momentum": SGD(ParameterGroup.decaying(parameters, weightDecay: 0.02), momentum: 0.9)
    case "sgd nesterov": SGD(ParameterGroup.decaying(parameters, weightDecay: 0.02), momentum: 0.9, nesterov: true)
    default: SGD(ParameterGroup.decaying(parameters, weightDecay: 0.02))
    }
  }

  func parameters(_ start: [[Float]]) -> [(name: String, tensor: Tensor)] {
    let weight = Tensor(start[0], shape: [3, 4])
    let bias = Tensor(start[1], shape: [3])
    weight.requiresGradient = true
    bias.requiresGradient = true
    return [("weight", weight), ("bias", bias)]
  }

  /// Golden: ten steps of PyTorch with given gradients.
  @Test func `every optimiser takes PyTorch's steps`() throws {
    for golden in try OptimizerGoldens.load().optimizers {
      let parameters = parameters(golden.start)
      let optimizer = optimizer(golden.name, parameters)
      for step in golden.rates.indices {
        parameters[0].tensor.gradient = Tensor(golden.gradients[step][0], shape: [3, 4])
        parameters[1].tensor.gradient = Tensor(golden.gradients[step][1], shape: [3])
        optimizer.step(learningRate: golden.rates[step])
        for (parameter, expected) in zip(parameters, golden.trace[step]) {
          #expect(
            close(parameter.tensor.scalars(as: Float.self), expected), "\(golden.name), step \(step), \(parameter.name)"
          )
        }
      }
    }
  }

  /// Law: an optimiser restored in the middle goes on as if nothing had happened, bit for bit.
  @Test(arguments: ["adamw", "sgd momentum", "sgd nesterov", "sgd"])
  func `a restored optimiser goes on bit for bit`(name: String) throws {
    let goldens = try OptimizerGoldens.load().optimizers
    let golden = try #require(goldens.first { $0.name == name })
    func run(_ optimizer: any Optimizer, _ parameters: [(name: String, tensor: Tensor)], _ steps: Range<Int>) {
      for step in steps {
        parameters[0].tensor.gradient = Tensor(golden.gradients[step][0], shape: [3, 4])
        parameters[1].tensor.gradient = Tensor(golden.gradients[step][1], shape: [3])
        optimizer.step(learningRate: golden.rates[step])
      }
    }
    let straight = parameters(golden.start)
    run(optimizer(name, straight), straight, 0..<10)

    let first = parameters(golden.start)
    let before = optimizer(name, first)
    run(before, first, 0..<4)
    let second = parameters(first.map { $0.tensor.scalars(as: Float.self) })
    let after = optimizer(name, second)
    try after.restore(before.state)
    run(after, second, 4..<10)
    for (a, b) in zip(straight, second) {
      #expect(a.tensor.scalars(as: Float.self) == b.tensor.scalars(as: Float.self))
    }
  }

  @Test func `a parameter without a gradient stays`() {
    let parameters = parameters([[Float](repeating: 1, count: 12), [1, 2, 3]])
    parameters[1].tensor.gradient = Tensor([1, 1, 1] as [Float], shape: [3])
    AdamW(ParameterGroup.decaying(parameters, weightDecay: 0.5)).step(learningRate: 0.1)
    #expect(parameters[0].tensor.scalars(as: Float.self) == [Float](repeating: 1, count: 12))
    #expect(parameters[1].tensor.scalars(as: Float.self) != [1, 2, 3])
  }

  @Test func `biases, norms, positions and class tokens do not decay`() {
    let shapes: [(String, [Int])] = [
      ("cls_token", [1, 1, 4]), ("pos_embed", [1, 5, 4]), ("blocks.0.norm1.weight", [4]),
      ("blocks.0.attn.qkv.weight", [12, 4]), ("head.bias", [2]), ("patch_embed.proj.weight", [4, 3, 2, 2]),
    ]
    let groups = ParameterGroup.decaying(shapes.map { (name: $0, tensor: .zeros($1)) }, weightDecay: 0.1)
    #expect(groups.map(\.weightDecay) == [0.1, 0])
    #expect(groups[0].parameters.map(\.name) == ["blocks.0.attn.qkv.weight", "patch_embed.proj.weight"])
  }

  @Test func `a state that does not fit is refused by name`() {
    let ours = AdamW(
      ParameterGroup.decaying(parameters([[Float](repeating: 1, count: 12), [1, 2, 3]]), weightDecay: 0))
    #expect(throws: OptimizerStateError.missing("weight.average")) { try ours.restore(StateDictionary()) }
    var wrong = ours.state
    wrong["bias.average"] = .zeros([4])
    #expect(throws: OptimizerStateError.shape("bias.average", saved: [4], expected: [3])) { try ours.restore(wrong) }
    var more = ours.state
    more["more"] = .zeros([1])
    #expect(throws: OptimizerStateError.unexpected("more")) { try ours.restore(more) }
  }

  /// Golden: PyTorch's clip_grad_norm_, below and above the limit.
  @Test func `gradients are clipped as PyTorch clips them`() throws {
    let golden = try OptimizerGoldens.load().clipping
    for example in golden.cases {
      let parameters = golden.shapes.enumerated().map { (name: "\($0)", tensor: Tensor.zeros($1)) }
      for (parameter, (shape, values)) in zip(parameters, zip(golden.shapes, golden.gradients)) {
        parameter.tensor.requiresGradient = true
        parameter.tensor.gradient = Tensor(values, shape: shape)
      }
      let norm = SGD([ParameterGroup(parameters, weightDecay: 0)]).clipGradients(toNorm: example.limit)
      #expect(abs(norm.item() - example.norm) < 1e-5)
      for (parameter, expected) in zip(parameters, example.clipped) {
        #expect(close(parameter.tensor.gradient?.scalars(as: Float.self) ?? [], expected), "limit \(example.limit)")
      }
    }
  }

  /// Golden: PyTorch's AveragedModel with `use_buffers` and a decay of min(0.8, (1 + step) / (10 + step)).
  @Test func `the average of weights and buffers equals PyTorch's`() throws {
    let golden = try OptimizerGoldens.load().averages
    let (weight, running) = (Tensor(golden.values[0], shape: [6]), Tensor(golden.values[0], shape: [6]))
    let average = WeightAverage(of: [("weight", weight), ("running", running)], decay: golden.decay)
    for (step, (value, expected)) in zip(golden.values.dropFirst(), golden.trace).enumerated() {
      weight.copyInPlace(from: Tensor(value, shape: [6]))
      running.copyInPlace(from: Tensor(value.map { 2 * $0 }, shape: [6]))
      average.update(step: step)
      #expect(close(average.state.flatMap { $0.tensor.scalars(as: Float.self) }, expected), "step \(step)")
    }
    let inside = average.whileApplied { weight.scalars(as: Float.self) + running.scalars(as: Float.self) }
    #expect(close(inside, golden.trace[golden.trace.count - 1]))
    #expect(weight.scalars(as: Float.self) == golden.values[golden.values.count - 1])
  }

  /// Law: after a short run with a long decay, the average is near what was learned and not near the start.
  @Test func `the start fades within tens of steps`() {
    let weight = Tensor.zeros([1])
    let average = WeightAverage(of: [("weight", weight)], decay: 0.9999)
    _ = withNoGradient { weight.fillInPlace(1) }
    for step in 0..<84 { average.update(step: step) }
    // With an even decay it would be 1 - 0.9999^84 = 0.008.
    #expect(average.state[0].tensor.item() > 0.999)
    #expect(average.decay(at: 83) == 84.0 / 93 && average.decay(at: 1_000_000) == 0.9999)
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LossTests {
  /// Golden: PyTorch's losses and their gradients.
  @Test func `every loss and its gradient equal PyTorch's`() throws {
    let golden = try OptimizerGoldens.load().losses
    let labels = Tensor(golden.labels, shape: [golden.shape[0]])
    func tensor(_ values: [Float]) -> Tensor { Tensor(values, shape: golden.shape) }
    for example in golden.cases {
      let scores = tensor(golden.logits)
      scores.requiresGradient = true
      let loss =
        switch example.name {
        case "cross entropy": scores.crossEntropy(labels)
        case "cross entropy smoothed": scores.crossEntropy(labels, labelSmoothing: 0.1)
        case "soft targets": scores.crossEntropy(tensor(golden.soft))
        case "soft targets smoothed": scores.crossEntropy(tensor(golden.soft), labelSmoothing: 0.1)
        case "distillation": distillationLoss(scores, teacher: tensor(golden.teacher))
        case "distillation at 4": distillationLoss(scores, teacher: tensor(golden.teacher), temperature: 4)
        default: scores.meanSquaredError(tensor(golden.target))
        }
      loss.backward()
      #expect(abs(loss.item() - example.loss) < 1e-5, "\(example.name)")
      #expect(close(scores.gradient?.scalars(as: Float.self) ?? [], example.gradient), "\(example.name)")
    }
  }
}
