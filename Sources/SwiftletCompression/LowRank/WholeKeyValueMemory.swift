import SwiftletModels
import SwiftletTensor

/// Keys and values of full rank in few bits, each head turned so that no few channels set its grid: what a cache does without
/// any decomposition, and what low rank has to be better than at the same bytes.
///
/// The turn is undone on what comes back; a runtime turns the queries instead, and folds the values' turn into the output
/// layer, so that it costs it nothing. Each token has a grid for every head, or for `group` channels of it.
/// Source: Ashkboos et al., "QuaRot" (2024), section 4.
public struct RotatedKeyValueMemory: KeyValueMemory {
  /// Nil keeps them as they are.
  public var keyQuantizer, valueQuantizer: LatentQuantizer?
  /// What heads are multiplied by, `x ↦ x turn`; nil leaves them.
  package let turn: Tensor?

  /// - Throws: ``LowRankError/indivisibleLatent(width:group:)`` if the quantisers' groups do not divide a head.
  public init(
    keys: LatentQuantizer?, values: LatentQuantizer?, headWidth: Int, rotation: LatentRotation = .hadamard,
    seed: Int = 0
  ) throws(LowRankError) {
    for quantizer in [keys, values] { _ = try quantizer?.slices(ofWidth: headWidth) }
    (keyQuantizer, valueQuantizer) = (keys, values)
    turn = rotation.matrix(width: headWidth, seed: seed)?.cast(to: .float32)
  }

  public func keys(_ keys: Tensor) -> Tensor { rounded(keys, keyQuantizer) }
  public func values(_ values: Tensor) -> Tensor { rounded(values, valueQuantizer) }

  private func rounded(_ heads: Tensor, _ quantizer: LatentQuantizer?) -> Tensor {
    guard let quantizer else { return heads }
    let slice = quantizer.group ?? heads.shape[3]
    guard let turn else { return quantizer.rounded(heads, slice: slice) }
    let matrix = turn.cast(to: heads.dataType).to(device: heads.device)
    return quantizer.rounded(heads.matmul(matrix), slice: slice).matmul(matrix.transposed(0, 1))
  }
}

/// Keys with a grid for each channel and `block` neighbouring tokens, values with one for each token and `valueGroup` channels.
///
/// A block is rounded when it is full: attention keeps ``WholeTokens`` of so many newest ones, so that no token sees grids that
/// later ones have set.
/// Source: Liu et al., "KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache" (2024), section 3.
public struct ChannelwiseKeyValueMemory: KeyValueMemory {
  public let quantizer: LatentQuantizer
  public let block, valueGroup: Int

  /// - Parameters:
  ///   - block: 1 or more.
  ///   - valueGroup: the channels of a head where those are fewer.
  /// - Throws: ``LowRankError`` for bits that are none, and for groups that do not divide a head.
  public init(bits: Int, headWidth: Int, block: Int = 32, valueGroup: Int = 32) throws(LowRankError) {
    precondition(block > 0, "ChannelwiseKeyValueMemory: blocks of \(block)")
    quantizer = try LatentQuantizer(bits: bits)
    (self.block, self.valueGroup) = (block, min(valueGroup, headWidth))
    _ = try LatentQuantizer(bits: bits, group: self.valueGroup).slices(ofWidth: headWidth)
  }

  /// The tokens that fill no block yet.
  public var whole: WholeTokens { WholeTokens(newest: block) }

  /// What is kept of a token of a long text: codes, and two 16-bit floats a grid; the tokens that fill no block are not
  /// counted.
  public func bytesPerToken(heads: Int, headWidth: Int) -> Double {
    2 * Double(heads * headWidth * quantizer.bits) / 8 + gridBytesPerToken(heads: heads, headWidth: headWidth)
  }

  /// Of those what grids take.
  public func gridBytesPerToken(heads: Int, headWidth: Int) -> Double {
    4 * (Double(heads * headWidth) / Double(block) + Double(heads * (headWidth / valueGroup)))
  }

  public func keys(_ keys: Tensor) -> Tensor {
    let tokens = keys.shape[2]
    let filled = tokens / block * block
    guard filled > 0 else { return keys }
    let channels = keys.narrowed(along: 2, from: 0, count: filled).transposed(2, 3)
    let back = quantizer.rounded(channels, slice: block).transposed(2, 3)
    return filled == tokens
      ? back : .concatenated([back, keys.narrowed(along: 2, from: filled, count: tokens - filled)], along: 2)
  }

  public func values(_ values: Tensor) -> Tensor {
    quantizer.rounded(values, slice: valueGroup)
  }
}
