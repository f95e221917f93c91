import Foundation
import SwiftletNN
import SwiftletTensor

/// A 64-bit hash that tells weights, images and settings apart; not one that withstands forgery.
///
/// Source: Fowler, Noll and Vo's FNV-1a, on words of 64 bits, with the finalizer of MurmurHash3.
public struct Fingerprint: Sendable {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  public init() {}

  public mutating func mix(_ word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    state ^= state >> 29
  }

  public mutating func mix(_ text: String) {
    mix(UInt64(text.utf8.count))
    for byte in text.utf8 { mix(UInt64(byte)) }
  }

  /// All tensors of a network, by name.
  public mutating func mix(weightsOf model: some Module) {
    for (path, tensor) in model.namedParameters().map({ ($0.path, $0.tensor) })
      + model.namedBuffers().map({ ($0.path, $0.tensor) })
    {
      mix(path)
      for value in tensor.detached().cast(to: .float32).contiguous().scalars(as: Float.self) {
        mix(UInt64(value.bitPattern))
      }
    }
  }

  public var hexadecimal: String {
    var bits = state
    bits = (bits ^ (bits >> 33)) &* 0xff51_afd7_ed55_8ccd
    bits = (bits ^ (bits >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    let digits = String(bits ^ (bits >> 33), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
