import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import Testing

@testable import SwiftletCompression

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ChannelPermutationTests {
  typealias Consumer = ChannelOrder.Consumer

  static func consumer(_ rows: Int, _ inputs: Int, keeping kept: Int, of group: Int, seed: UInt64) -> Consumer {
    Consumer(
      scores: Tensor.uniform([rows, inputs], using: Generator(seed: seed)),
      pattern: SparsityPattern(keeping: kept, of: group))
  }

  /// Every way to deal eight inputs into two groups of four.
  static var deals: [[Int]] {
    (0..<256).filter { $0.nonzeroBitCount == 4 }.map { bits in
      (0..<8).filter { bits >> $0 & 1 == 1 } + (0..<8).filter { bits >> $0 & 1 == 0 }
    }
  }

  /// Oracle: all 35 deals of eight inputs. Swaps need not find the best one, but no single swap may improve what they find.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `what stays never falls, and no swap is left that would raise it`(seed: UInt64) {
    for kept in [1, 2, 3] {
      let consumer = Self.consumer(5, 8, keeping: kept, of: 4, seed: seed)
      let order = ChannelOrder([consumer], inputs: 8).best()
      #expect(order.sorted() == Array(0..<8))
      let found = consumer.kept(in: order)
      #expect(found >= consumer.kept(in: Array(0..<8)))
      #expect(found <= (Self.deals.map(consumer.kept).max() ?? 0) + 1e-9)
      for a in 0..<4 {
        for b in 4..<8 {
          var swapped = order
          swapped.swapAt(a, b)
          #expect(consumer.kept(in: swapped) <= found + 1e-5)
        }
      }
    }
  }

  /// By hand: the large scores of both rows share a group, and 1:2 keeps one of each; apart, all of them stay.
  @Test func `large scores are taken apart`() {
    let consumer = Consumer(
      scores: Tensor([9, 8, 1, 0, 9, 8, 0, 1] as [Float], shape: [2, 4]), pattern: SparsityPattern(keeping: 1, of: 2))
    #expect(consumer.kept(in: [0, 1, 2, 3]) == 20)
    #expect(consumer.kept(in: ChannelOrder([consumer], inputs: 4).best()) == 34)
  }

  @Test func `consumers with different groups agree on one order, and dense ones have no say`() {
    let consumers = [
      Self.consumer(6, 32, keeping: 2, of: 4, seed: 1), Self.consumer(9, 32, keeping: 1, of: 8, seed: 2),
      Self.consumer(4, 32, keeping: 4, of: 4, seed: 3),
    ]
    func kept(_ order: [Int]) -> Double { consumers.reduce(0) { $0 + $1.kept(in: order) } }
    let order = ChannelOrder(consumers, inputs: 32).best()
    #expect(order.sorted() == Array(0..<32))
    #expect(kept(order) > kept(Array(0..<32)))
    #expect(ChannelOrder([consumers[2]], inputs: 32).best() == Array(0..<32))
    // Groups of 12 in common do not divide 32 inputs.
    let thirds = Consumer(scores: .ones([2, 24]), pattern: SparsityPattern(keeping: 1, of: 3))
    #expect(ChannelOrder([thirds], inputs: 24).best() == Array(0..<24))
  }

  /// DeiT with everything that has channels: a distillation head, two heads of 8, random biases and norms.
  static func network(_ change: (inout DeiTConfiguration) -> Void = { $0.distillation = .head }) throws
    -> VisionTransformer
  {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize, configuration.classes) = (16, 8, 5)
    (configuration.width, configuration.depth, configuration.heads) = (16, 2, 2)
    change(&configuration)
    let network = try VisionTransformer(configuration, using: Generator(seed: 4))
    let generator = Generator(seed: 5)
    for (_, tensor) in network.namedParameters() {
      withNoGradient { _ = tensor.copyInPlace(from: Tensor.normal(tensor.shape, using: generator) * 0.3) }
    }
    return network
  }

  /// Registers, scales of layers, and a head and a norm that see the channels twice.
  @Test func `the network computes the same with all that a vision transformer can have`() throws {
    let network = try Self.network {
      ($0.registerTokens, $0.layerScale, $0.pooling) = (2, 1, .classTokenAndMean)
      ($0.finalNorm, $0.positions) = (.pooled, .patches)
    }
    let images = Tensor.normal([4, 3, 16, 16], using: Generator(seed: 6))
    let permuted = network.copy()
    let gain = try permuted.permuteChannels(
      for: CompressionPlan.uniform(SparsityPattern(keeping: 1, of: 4), model: network))
    #expect(gain.after > gain.before + 0.005, "\(gain)")
    let (before, after) = (network(images).scalars(as: Float.self), permuted(images).scalars(as: Float.self))
    #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($0)) })
    for path in ["reg_token", "blocks.1.ls2.gamma", "fc_norm.weight", "head.weight"] {
      let (old, new) = (network.stateDictionary()[path], permuted.stateDictionary()[path])
      #expect(try !#require(old).isEqual(to: #require(new)), "\(path)")
    }
  }

  @Test(arguments: ["1:4", "2:4", "3:8"])
  func `the network computes the same and more of it stays`(pattern: String) throws {
    let network = try Self.network()
    let images = Tensor.normal([4, 3, 16, 16], using: Generator(seed: 6))
    let plan = CompressionPlan.uniform(try SparsityPattern(parsing: pattern), model: network)
    let permuted = network.copy()
    let gain = try permuted.permuteChannels(for: plan)
    #expect(gain.after > gain.before + 0.005, "\(gain)")

    // Sums run in another order: float32 rounding of 16 and 64 terms in two blocks.
    let (before, after) = (network(images).scalars(as: Float.self), permuted(images).scalars(as: Float.self))
    #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($0)) })
    // Every layer has the numbers it had, in other places.
    let pairs = zip(network.namedParameters(), permuted.namedParameters())
    var moved = 0
    for (old, new) in pairs {
      let (a, b) = (old.tensor.scalars(as: Float.self), new.tensor.scalars(as: Float.self))
      #expect(a.sorted() == b.sorted(), "\(old.path)")
      moved += a == b ? 0 : 1
    }
    #expect(moved > 20)

    // The gain is that of the pruned network.
    func kept(_ network: VisionTransformer) throws -> Double {
      let pruned = network.copy()
      try pruned.prune(to: plan)
      try pruned.bake()
      let paths = Set(plan.paths)
      func sum(_ model: VisionTransformer) -> Double {
        model.linearLayers().filter { paths.contains($0.path) }
          .reduce(0) { $0 + $1.layer.weight.abs().cast(to: .float64).sum().item() }
      }
      return sum(pruned) / sum(network)
    }
    #expect(abs(try kept(network) - gain.before) < 1e-6)
    #expect(abs(try kept(permuted) - gain.after) < 1e-6)
    #expect(try permuted.permuteChannels(for: plan).after >= gain.after - 1e-6)
  }

  /// Integers sum exactly in any order: whatever moves only hidden channels and values is bit for bit the same.
  @Test func `hidden channels move without a change of a single bit where sums are exact`() throws {
    let layer = MLP(width: 8, hidden: 16, activation: .relu, using: Generator(seed: 7))
    for (_, tensor) in layer.namedParameters() {
      withNoGradient {
        _ = tensor.copyInPlace(
          from: Tensor.integers(tensor.shape, in: -9..<9, using: Generator(seed: 8)).cast(to: .float32))
      }
    }
    let model = Box(layer)
    let x = Tensor.integers([5, 8], in: -9..<9, using: Generator(seed: 9)).cast(to: .float32)
    let before = model(x).scalars(as: Float.self)
    let weights = SupernetTests.weights(of: model)
    let gain = try model.permuteChannels(for: .uniform(SparsityPattern(keeping: 1, of: 4), layers: ["mlp.fc2"]))
    #expect(gain.after > gain.before)
    #expect(SupernetTests.weights(of: model) != weights)
    #expect(model(x).scalars(as: Float.self) == before)
  }

  @Test func `groups of a head that the pattern does not divide stay`() throws {
    let network = try Self.network()  // heads of 8
    let names = network.channelGroups(of: 16).map(\.name)
    #expect(names == ["hidden channels of blocks.0.mlp", "hidden channels of blocks.1.mlp", "the residual stream"])
    #expect(network.channelGroups(of: 4).count == 2 + 4 + 1)
    // Every parameter but scores' biases and those of qkv and fc1 has its channels of the residual stream moved.
    let residual = try #require(network.channelGroups(of: 4).last)
    let others = Set(network.namedParameters().map(\.path)).subtracting(residual.places.map(\.parameter))
    #expect(others.allSatisfy { $0.hasSuffix("qkv.bias") || $0.hasSuffix("fc1.bias") || $0.hasPrefix("head") })
  }

  @Test func `a plan that does not fit is refused before anything moves`() throws {
    let network = try Self.network()
    let before = SupernetTests.weights(of: network)
    #expect(throws: CompressionPlanError.self) {
      try network.permuteChannels(for: .uniform(SparsityPattern(keeping: 2, of: 5), model: network))
    }
    #expect(throws: PruningError.self) {
      try network.permuteChannels(
        for: .uniform(SparsityPattern(keeping: 2, of: 4), model: network), by: .wanda(inputNorms: [:]))
    }
    #expect(SupernetTests.weights(of: network) == before)
  }
}

/// A network of one MLP.
private final class Box: Layer, CompressibleModel {
  @Child var mlp: MLP

  init(_ mlp: MLP) { self.mlp = mlp }

  var slots: [Slot] { [Slot(block: "mlp", role: "fc2", inputs: 16, outputs: 8, positions: 5)] }

  func callAsFunction(_ x: Tensor) -> Tensor { mlp(x) }

  func shallowCopy() -> Box { Box(mlp) }
}
