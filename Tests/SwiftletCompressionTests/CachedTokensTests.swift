import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

@testable import SwiftletCompression

/// Laws O9 and O11: what a cache holds of a token does not depend on the others, and the tokens that it keeps whole are those
/// without rounding.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct CachedTokensTests {
  typealias Shape = LowRankLlamaTests.Shape

  /// What a cache keeps in the place of keys and values.
  enum Memory: CaseIterable {
    case latents, latentsAndWholeTokens, wholeHeads, channels

    func network(_ shape: Shape) throws -> LlamaModel {
      let (rank, method) = (self == .wholeHeads ? nil : 6, LowRankMethod(whole: wholeTokens))
      let (keys, values) = (
        LayerChoice(rank: rank, headGroup: 1, keyBits: 3), LayerChoice(rank: rank, headGroup: 1, valueBits: 3)
      )
      guard self == .channels else {
        return try LowRankLlamaTests.compressed(shape, keys: keys, values: values, by: method)
      }
      let model = try shape.model()
      let memory = try ChannelwiseKeyValueMemory(bits: 3, headWidth: shape.headWidth, block: 8)
      for block in model.blocks { (block.attention.memory, block.attention.whole) = (memory, memory.whole) }
      return model
    }

    var wholeTokens: WholeTokens {
      self == .latentsAndWholeTokens ? WholeTokens(newest: 4, first: 1) : WholeTokens()
    }
  }

  /// Later tokens change nothing of earlier ones, so that a text may come in any pieces.
  @Test(arguments: LowRankLlamaTests.shapes, Memory.allCases)
  func `a token's scores do not depend on those behind it`(shape: LowRankLlamaTests.Shape, memory: Memory) throws {
    let model = try memory.network(shape)
    let ids = LowRankLlamaTests.tokens(1)
    let whole = withNoGradient { model(ids) }
    for count in 1..<24 {
      let part = withNoGradient { model(ids.narrowed(along: 1, from: 0, count: count)) }
      #expect(distance(part, whole.narrowed(along: 1, from: 0, count: count)) <= 1e-5, "\(count) tokens")
    }
  }

  /// Decoding: each token's latents are made when it comes, packed when it is no longer whole, and read from there.
  @Test(arguments: LowRankLlamaTests.shapes, [Memory.latents, .latentsAndWholeTokens])
  func `a cache that grows token by token gives the scores of all at once`(
    shape: LowRankLlamaTests.Shape, memory: Memory
  ) throws {
    let model = try memory.network(shape)
    let (decoder, caches) = try Self.decoder(of: model, keeping: memory.wholeTokens)
    func decode(_ ids: Tensor, from start: Int) {
      let expected = withNoGradient { model(ids) }
      for count in start + 1...24 {
        let scores = withNoGradient { decoder(ids.narrowed(along: 1, from: 0, count: count)) }
        let (found, wanted) = (
          scores.narrowed(along: 1, from: count - 1, count: 1), expected.narrowed(along: 1, from: count - 1, count: 1)
        )
        // A latent that differs in its last bit may turn the rounding of a grid's 16-bit scale.
        #expect(LowRankLlamaTests.relativeDistance(found, wanted) <= 1e-4, "token \(count - 1)")
      }
    }
    let ids = LowRankLlamaTests.tokens(1)
    decode(ids, from: 0)
    #expect(caches.allSatisfy { $0.count == 24 })
    // Back to the tenth token, and another way from there. What was packed is no longer whole.
    guard memory == .latents else { return }
    for cache in caches { cache.truncate(to: 10) }
    let others = LowRankLlamaTests.tokens(1, seed: 12).narrowed(along: 1, from: 10, count: 14)
    decode(.concatenated([ids.narrowed(along: 1, from: 0, count: 10), others], along: 1), from: 10)
  }

  private static func decoder(
    of model: LlamaModel, keeping whole: WholeTokens
  ) throws -> (LlamaModel, [CachedProjection]) {
    let decoder = model.shallowCopy()
    var caches: [CachedProjection] = []
    decoder.blocks = try model.blocks.map { block in
      let (block, attention) = (block.shallowCopy(), block.attention.shallowCopy())
      for side in CacheSide.allCases {
        let projection = try #require(attention[keyPath: side.layer] as? LowRankProjection)
        let cache = try CachedProjection(projection, keeping: whole)
        caches.append(cache)
        attention[keyPath: side.layer] = cache
      }
      block.attention = attention
      return block
    }
    return (decoder, caches)
  }

  /// A window over the whole text reads nothing from the cache.
  @Test(arguments: LowRankLlamaTests.shapes)
  func `tokens that are kept whole are those without rounding`(shape: LowRankLlamaTests.Shape) throws {
    func network(bits: Int?, _ whole: WholeTokens) throws -> LlamaModel {
      try LowRankLlamaTests.compressed(
        shape, keys: LayerChoice(rank: 6, headGroup: 1, keyBits: bits),
        values: LayerChoice(rank: 6, headGroup: 1, valueBits: bits), by: LowRankMethod(whole: whole))
    }
    for whole in [WholeTokens(newest: 24), WholeTokens(first: 24)] {
      let scores = try [nil, 2].map { bits in
        let model = try network(bits: bits, whole)
        return withNoGradient { model(LowRankLlamaTests.tokens()) }
      }
      #expect(distance(scores[1], scores[0]) == 0, "\(whole)")
      // The same by the way that attention takes without whole tokens.
      let plain = try network(bits: nil, WholeTokens())
      #expect(withNoGradient { distance(plain(LowRankLlamaTests.tokens()), scores[0]) } <= 1e-5)
    }
    // A few whole tokens are better than none, and none is what no window is.
    let damages = try [WholeTokens(), WholeTokens(newest: 8, first: 2), WholeTokens(newest: 24)].map {
      try LowRankLlamaTests.damage(network(bits: 2, $0), shape)
    }
    #expect(damages == damages.sorted(by: >), "\(damages)")
  }

  /// Tokens that wait while they are whole are packed in their order, however many leave at a time; what is taken away again
  /// leaves no trace.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `tokens leave a window in pieces of any size`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let tokens = (0..<60).map { _ in random.floats(24) }
    let quantizer = try LatentQuantizer(bits: 3, group: 8)
    var expected = try PackedLatents(width: 24, quantizer: quantizer)
    expected.append(tokens.flatMap { $0 })
    var (waiting, packed) = ([[Float]](), try PackedLatents(width: 24, quantizer: quantizer))
    func flush(_ count: Int) {
      packed.append(waiting.prefix(count).flatMap { $0 })
      waiting.removeFirst(count)
    }
    for token in tokens {
      waiting.append(token)
      if waiting.count > 7 { flush(Int.random(in: 1...waiting.count, using: &random)) }
      // Guesses that were wrong.
      let before = packed
      packed.append(random.floats(24 * Int.random(in: 0..<4, using: &random)))
      packed.truncate(to: before.count)
      #expect(packed == before, "seed \(seed)")
    }
    flush(waiting.count)
    #expect(packed == expected && packed.count == 60, "seed \(seed)")
  }
}

extension LowRankMethod {
  fileprivate init(whole: WholeTokens) {
    self.init()
    self.whole = whole
  }
}

/// A projection as a decoder has it: of the newest token it makes the latent, all others come from its cache. Where a token is
/// not held in a form it reads as 1,000, which no score survives.
private final class CachedProjection: RememberedProjection {
  private let plain: LowRankProjection
  private let kept: WholeTokens
  /// Latents of the first tokens, and of the newest.
  private var first: [[Float]] = [], newest: [[Float]] = []
  /// Of those between.
  private var packed: PackedLatents

  init(_ plain: LowRankProjection, keeping kept: WholeTokens) throws {
    let quantizer = try #require(plain.quantizer)
    (self.plain, self.kept) = (plain, kept)
    packed = try PackedLatents(
      width: plain.groups * plain.rank,
      quantizer: LatentQuantizer(bits: quantizer.bits, group: quantizer.group ?? plain.rank))
  }

  var count: Int { first.count + packed.count + newest.count }

  func shallowCopy() -> CachedProjection { preconditionFailure("a cache is one") }

  /// Of tokens that are packed, or were never anything else.
  func truncate(to count: Int) { packed.truncate(to: count - first.count) }

  private func append(_ latent: [Float]) {
    newest.append(latent)
    while newest.count > kept.newest {
      let oldest = newest.removeFirst()
      if first.count < kept.first { first.append(oldest) } else { packed.append(oldest) }
    }
  }

  private func outputs(of latent: (Int) -> [Float]?) -> Tensor {
    let nothing = [Float](repeating: 1000, count: packed.width)
    return plain.outputs(
      ofLatents: Tensor((0..<count).flatMap { latent($0) ?? nothing }, shape: [1, count, packed.width]))
  }

  /// What is rounded. It is asked for first.
  func remembered(_ x: Tensor) -> Tensor {
    let (_, tokens, _) = x.shape3
    precondition(tokens == count + 1, "a decoder reads a token at a time")
    append(plain.latents(x.narrowed(along: 1, from: tokens - 1, count: 1)).scalars(as: Float.self))
    return outputs { token in
      let place = token - first.count
      return (0..<packed.count).contains(place) ? packed.values(ofToken: place) : nil
    }
  }

  /// What is whole.
  func callAsFunction(_ x: Tensor) -> Tensor {
    outputs { token in
      if token < first.count { return first[token] }
      let place = token - (count - newest.count)
      return place >= 0 ? newest[place] : nil
    }
  }
}
