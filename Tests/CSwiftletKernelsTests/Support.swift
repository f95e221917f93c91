import CSwiftletKernels
import Foundation
import TestSupport
import Testing

extension SplitMix64 {
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  /// Small integers, so that every order of summation gives the same float.
  mutating func integers(_ count: Int, in range: ClosedRange<Int> = -8...8) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: range, using: &self)) }
  }
}

/// Memory aligned to 64 bytes. It starts as all ones, which is NaN in every float type, and has guard bytes behind it.
final class Buffer {
  let bytes: UnsafeMutableRawBufferPointer
  private let size: Int

  init(bytes size: Int) {
    self.size = size
    bytes = .allocate(byteCount: size + 64, alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0xff)
  }

  convenience init<T: BitwiseCopyable>(_ values: [T]) {
    self.init(bytes: values.count * MemoryLayout<T>.stride)
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }

  deinit { bytes.deallocate() }

  var address: UnsafeMutableRawPointer { bytes.baseAddress.unsafelyUnwrapped }

  func values<T: BitwiseCopyable>(as type: T.Type) -> [T] {
    Array(UnsafeRawBufferPointer(rebasing: bytes[..<size]).bindMemory(to: type))
  }

  /// The values of a kernel's output as floats.
  func values(of output: swl_output) -> [Float] {
    switch output.type {
    case SWL_F32: values(as: Float.self)
    case SWL_BF16: values(as: UInt16.self).map(widened)
    default: values(as: UInt8.self).map { output.scale * (Float($0) - Float(output.zero_point)) }
    }
  }

  var floats: UnsafeMutablePointer<Float> { address.assumingMemoryBound(to: Float.self) }

  var guardIsIntact: Bool { bytes[size...].allSatisfy { $0 == 0xff } }
}

func widened(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }

/// Rounds half to even.
func narrowed(_ value: Float) -> UInt16 {
  UInt16(truncatingIfNeeded: (value.bitPattern + 0x7fff + (value.bitPattern >> 16 & 1)) >> 16)
}

func elementSize(_ type: swl_type) -> Int { type == SWL_F32 ? 4 : type == SWL_BF16 ? 2 : 1 }

/// Every named set of instructions that this processor runs, the reference first.
let runnableLevels: [swl_isa] = {
  var count = 0
  let sets = UnsafeBufferPointer(start: swl_named_isas(&count), count: count)
  return sets.map(\.isa).filter { swl_isa_has(swl_isa_of_processor(), $0) }.reversed()
}()

func name(_ isa: swl_isa) -> String { String(cString: swl_isa_name(isa)) }

/// What an exact value may become when written: half a step of the output's grid, beside the kernel's own error.
func tolerance(_ output: swl_output, at value: Double, error: Double) -> Double {
  switch output.type {
  case SWL_F32: error + abs(value) * 2e-7
  case SWL_BF16: error + abs(value) / 256
  default: error + Double(output.scale) * 0.5001
  }
}

/// The exact value that a kernel writes to, with the range of 8-bit outputs.
func clamped(_ value: Double, to output: swl_output) -> Double {
  guard output.type == SWL_U8 else { return value }
  let scale = Double(output.scale)
  let zero = Double(output.zero_point)
  return min(max(value, -zero * scale), (255 - zero) * scale)
}

func activated(_ value: Double, _ activation: swl_activation) -> Double {
  switch activation {
  case SWL_RELU: max(value, 0)
  case SWL_GELU: 0.5 * value * erfc(-value / 2.0.squareRoot())
  case SWL_SILU: value / (1 + exp(-value))
  case SWL_SIGMOID: 1 / (1 + exp(-value))
  case SWL_GELU_TANH:
    0.5 * value * (1 + tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * value * value * value)))
  case SWL_QUICK_GELU: value / (1 + exp(-1.702 * value))
  case SWL_TANH: tanh(value)
  case SWL_HARD_SIGMOID: min(max(value / 6 + 0.5, 0), 1)
  case SWL_HARD_SWISH: value * min(max(value / 6 + 0.5, 0), 1)
  case SWL_LEAKY_RELU: value > 0 ? value : Double(leakySlope) * value
  default: value
  }
}

/// The slope of leaky ReLU in all tests.
let leakySlope: Float = 0.1

let activations = [
  SWL_IDENTITY, SWL_RELU, SWL_GELU, SWL_SILU, SWL_SIGMOID, SWL_GELU_TANH, SWL_QUICK_GELU, SWL_TANH,
  SWL_HARD_SIGMOID, SWL_HARD_SWISH, SWL_LEAKY_RELU,
]
