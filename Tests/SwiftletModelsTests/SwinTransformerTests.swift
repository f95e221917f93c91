import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletModels

/// A Swin of two stages with shifted windows on 16 x 16 pixels.
func smallSwin(dropPath: Double = 0, seed: UInt64 = 5) throws -> SwinTransformer {
  var configuration = SwinConfiguration()
  (configuration.imageSize, configuration.patchSize, configuration.windowSize) = (16, 2, 2)
  (configuration.width, configuration.depths, configuration.heads) = (8, [2, 2], [2, 4])
  (configuration.classes, configuration.dropPath) = (4, dropPath)
  return try SwinTransformer(configuration, using: Generator(seed: seed))
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SwinTransformerTests {
  /// Law, with sides that windows tile and sides that they do not.
  @Test(arguments: [(8, 4, 0), (8, 4, 2), (7, 3, 1), (5, 5, 0), (9, 2, 1)])
  func `joining windows undoes cutting them`(side: Int, window: Int, shift: Int) {
    let windows = Windows(side: side, window: window, shift: shift)
    let map = Tensor.normal([3, side * side, 2], using: Generator(seed: 1))
    let pieces = windows.cut(map)
    #expect(pieces.shape == [3 * windows.count, window * window, 2])
    #expect(windows.join(pieces).isEqual(to: map))
  }

  /// Oracle: the definition. Tokens of a window see each other where they are neighbours in the map, not where the
  /// cyclic shift brought them together across its border.
  @Test(arguments: [(8, 4, 2), (6, 3, 1), (9, 2, 1)])
  func `the mask parts what was no neighbour`(side: Int, window: Int, shift: Int) throws {
    let windows = Windows(side: side, window: window, shift: shift)
    let (padded, rows) = (windows.paddedSide, windows.paddedSide / window)
    let mask = try #require(windows.mask)
    var wrong = 0
    for index in 0..<windows.count {
      /// Where a token of the window comes from, and whether the shift took it across a border.
      func origin(_ start: Int, _ offset: Int) -> (position: Int, wrapped: Bool) {
        let place = start * window + offset + shift
        return (place % padded, place >= padded)
      }
      for query in 0..<windows.tokens {
        for key in 0..<windows.tokens {
          let together = [(index / rows, query / window, key / window), (index % rows, query % window, key % window)]
            .allSatisfy { start, a, b in origin(start, a).wrapped == origin(start, b).wrapped }
          let value = mask[(index * windows.tokens + query) * windows.tokens + key]
          if value != (together ? 0 : -100) { wrong += 1 }
        }
      }
    }
    #expect(wrong == 0)
  }

  /// Oracle: by hand, for windows of 2: `(down + 1) · 3 + right + 1`.
  @Test func `pairs of tokens find the bias of their offset`() {
    #expect(Windows(side: 2, window: 2, shift: 0).offsetIndex == [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])
  }

  /// Law: a change of one corner of the image reaches the opposite corner only through shifted windows and merging.
  @Test func `attention stays inside its window`() throws {
    let model = try smallSwin()
    let block = try #require(model.stages.first?.blocks.first)
    let map = Tensor.normal([1, 64, 8], using: Generator(seed: 2))
    let changed = map.clone()
    changed.select(along: 1, at: 0).copyInPlace(from: Tensor.ones([1, 8]))
    let difference = withNoGradient { (block(changed) - block(map)).abs().sum(along: [2]) }.scalars(as: Float.self)
    for token in 0..<64 { #expect((difference[token] > 0) == (token / 8 < 2 && token % 8 < 2)) }
  }

  /// Law: a sample does not depend on its neighbours in the batch.
  @Test func `a batch gives what its images give alone`() throws {
    let model = try smallSwin()
    let images = Tensor.normal([3, 3, 16, 16], using: Generator(seed: 3))
    let together = withNoGradient { model(images) }
    let alone = withNoGradient {
      Tensor.concatenated((0..<3).map { model(images.narrowed(along: 0, from: $0, count: 1)) })
    }
    #expect(distance(together, alone) < 1e-5)
  }

  /// Oracle: finite differences of the loss, for one element of every kind of parameter.
  @Test func `gradients agree with finite differences`() throws {
    let model = try smallSwin()
    model.cast(to: .float64)
    let images = Tensor.normal([2, 3, 16, 16], using: Generator(seed: 4)).cast(to: .float64)
    let loss = { () -> Tensor in
      let scores = model(images)
      return (scores * scores).sum()
    }
    loss().backward()
    for path in [
      "patch_embed.norm.weight", "layers.0.blocks.1.attn.relative_position_bias_table",
      "layers.0.blocks.1.attn.qkv.weight", "layers.1.downsample.reduction.weight", "layers.1.blocks.0.mlp.fc1.bias",
      "head.fc.weight",
    ] {
      let parameter = try #require(model.namedParameters().first { $0.path == path }).tensor
      let gradient = try #require(parameter.gradient).flattened().select(along: 0, at: 3).item()
      let step = 1e-5
      let losses = withNoGradient {
        [step, -step].map { change in
          let element = parameter.detached().flattened().select(along: 0, at: 3)
          let before = element.item()
          element.copyInPlace(from: Tensor.full([], before + change, dataType: .float64))
          let loss = loss().item()
          element.copyInPlace(from: Tensor.full([], before, dataType: .float64))
          return loss
        }
      }
      let difference = (losses[0] - losses[1]) / (2 * step)
      #expect(abs(gradient - difference) < 1e-6 * max(1, abs(gradient)), "\(path): \(gradient), \(difference)")
    }
  }

  @Test func `copies are independent, and drop path draws only while training`() throws {
    let model = try smallSwin(dropPath: 0.5)
    let images = Tensor.normal([4, 3, 16, 16], using: Generator(seed: 5))
    let scores = withNoGradient { model(images) }
    let copy = model.copy()
    model.train(using: Generator(seed: 6))
    #expect(withNoGradient { !model(images).isEqual(to: scores) })
    model.evaluate()
    #expect(withNoGradient { model(images).isEqual(to: scores) && copy(images).isEqual(to: scores) })
    withNoGradient {
      for parameter in model.parameters() { parameter.zeroInPlace() }
    }
    #expect(withNoGradient { copy(images).isEqual(to: scores) })
  }

  @Test func `configurations without a network are refused in one sentence`() throws {
    func refuses(_ message: String, _ change: (inout SwinConfiguration) -> Void) {
      var configuration = SwinConfiguration.tiny
      change(&configuration)
      let error = #expect(throws: ConfigurationError.self) {
        try SwinTransformer(configuration, using: Generator(seed: 0))
      }
      #expect(error?.description == message)
    }
    refuses("there are 4 depths and 3 numbers of heads: give one of each for every stage") { $0.heads = [3, 6, 12] }
    refuses("stage 1 has width 192 and 5 heads: choose heads that divide the width") { $0.heads[1] = 5 }
    refuses("windowSize is 0, it must be in 1...256") { $0.windowSize = 0 }
    refuses("imageSize 30 is not a multiple of patchSize 4: choose a patch that tiles the image") { $0.imageSize = 30 }
    refuses("a depth is 0, it must be in 1...256") { $0.depths[2] = 0 }
  }
}
