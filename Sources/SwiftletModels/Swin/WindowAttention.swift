import SwiftletNN
import SwiftletTensor

/// Multi-head self-attention inside windows, with a learned bias for each head and each offset of two tokens:
/// `projection(softmax(Q Kᵀ / √d + bias + mask) V)`.
///
/// Shapes: `x` is `[images · windows, tokens, width]`, and so is the result.
/// Source: Liu et al., "Swin Transformer" (2021), equation 4.
public final class WindowAttention: Layer {
  /// `[(2 window - 1)², heads]`.
  @Parameter public var biasTable: Tensor
  @Child public var qkv: any Layer
  @Child public var projection: any Layer
  public let heads: Int
  public let windows: Windows
  private let constants: Constants

  public static let pathNames = ["biasTable": "relative_position_bias_table", "projection": "proj"]

  /// What follows from the windows alone, kept on the device where it was last used.
  private final class Constants {
    /// `[tokens · tokens]`.
    var offsetIndex: Tensor
    /// `[1, windows, 1, tokens, tokens]`.
    var mask: Tensor?

    init(_ windows: Windows) {
      offsetIndex = Tensor(windows.offsetIndex, shape: [windows.tokens * windows.tokens])
      mask = windows.mask.map { Tensor($0, shape: [1, windows.count, 1, windows.tokens, windows.tokens]) }
    }

    func follow(_ table: Tensor) {
      if offsetIndex.device != table.device { offsetIndex = offsetIndex.to(device: table.device) }
      if let mask, mask.device != table.device || mask.dataType != table.dataType {
        self.mask = mask.to(device: table.device).cast(to: table.dataType)
      }
    }
  }

  private init(
    biasTable: Tensor, qkv: any Layer, projection: any Layer, heads: Int, windows: Windows, _ constants: Constants
  ) {
    (self.heads, self.windows, self.constants) = (heads, windows, constants)
    self.biasTable = biasTable
    self.qkv = qkv
    self.projection = projection
  }

  /// - Precondition: `heads` divides `width`.
  public convenience init(width: Int, heads: Int, windows: Windows, qkvBias: Bool = true, using generator: Generator) {
    precondition(
      heads > 0 && width.isMultiple(of: heads), "WindowAttention: \(heads) heads must divide the width \(width)")
    let span = 2 * windows.window - 1
    self.init(
      biasTable: Initialization.truncatedNormal(standardDeviation: 0.02).parameter(
        [span * span, heads], using: generator),
      qkv: Linear(inputs: width, outputs: 3 * width, bias: qkvBias, using: generator),
      projection: Linear(inputs: width, outputs: width, using: generator), heads: heads, windows: windows,
      Constants(windows))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, tokens, width) = x.shape3
    let parts = qkv(x).reshaped([batch, tokens, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4]).unbind(along: 0)
    guard parts.count == 3 else { return x }  // an operation has failed inside `withError`
    let mixed = attend(query: parts[0], key: parts[1], value: parts[2], bias: bias(batch: batch))
    return projection(mixed.transposed(1, 2).reshaped([batch, tokens, width]))
  }

  /// `[1 or batch, heads, tokens, tokens]`: the bias of each offset, and the mask of each image's windows.
  private func bias(batch: Int) -> Tensor {
    constants.follow(biasTable)
    let tokens = windows.tokens
    let bias = biasTable.indexSelect(along: 0, constants.offsetIndex).reshaped([tokens, tokens, heads])
      .permuted([2, 0, 1]).unsqueezed(0)
    guard let mask = constants.mask else { return bias }
    let repeated = mask.expanded([batch / windows.count, windows.count, 1, tokens, tokens])
    return repeated.reshaped([batch, 1, tokens, tokens]) + bias
  }

  public func shallowCopy() -> WindowAttention {
    WindowAttention(
      biasTable: biasTable, qkv: qkv, projection: projection, heads: heads, windows: windows, Constants(windows))
  }
}
