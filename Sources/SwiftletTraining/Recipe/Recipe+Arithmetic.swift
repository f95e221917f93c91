import SwiftletFiles
import SwiftletTensor

extension Recipe {
  /// What matrix products are computed in; weights, gradients and optimiser are always float32.
  public enum Arithmetic: String, FileWord, Hashable, Sendable, CaseIterable {
    /// bf16 where the device multiplies it itself, else fp32. A run keeps what it began with.
    case auto
    case fp32, bf16

    /// `fp32` or `bf16`, and why.
    ///
    /// Without instructions of its own a processor takes bfloat16 apart into float32: a training step of a small DeiT
    /// took 9 times as long as in float32 on a Zen 3, and about half as long on a Zen 4, which has them.
    public static func chosen(on device: Device = .cpu) -> (precision: Arithmetic, reason: String) {
      Torch.multipliesBFloat16(on: device)
        ? (.bf16, "\(device) multiplies bfloat16 itself")
        : (.fp32, "\(device) has no instructions for bfloat16, neither AVX512_BF16 nor AMX")
    }
  }
}
