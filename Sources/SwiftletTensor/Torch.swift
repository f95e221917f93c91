import CSwiftletTorch
import SwiftletFiles

/// libtorch as this process finds it.
///
/// It is opened at the first tensor operation. A program that could do without asks ``isAvailable`` first; one that
/// calls anyway ends with a message and exit code 69.
public enum Torch {
  /// Whether libtorch can be used.
  public static var isAvailable: Bool { swt_problem() == nil }

  /// Why libtorch cannot be used and what to do about it, or nil.
  public static var problem: String? { swt_problem().map { String(cString: $0) } }

  /// The version of libtorch, such as `2.13.0`.
  public static var version: String { String(cString: swt_torch_version()) }

  /// The instruction set libtorch picks its kernels for, such as `AVX512`.
  public static var cpuCapability: String { String(cString: swt_cpu_capability()) }

  /// How many CUDA devices libtorch sees; 0 with a CPU build.
  public static var cudaDeviceCount: Int { Int(swt_cuda_device_count()) }

  /// How many threads work inside one operation.
  ///
  /// At first as many as there are processors for this process, or as OMP_NUM_THREADS says.
  public static var threads: Int {
    keepToAvailableProcessors
    return Int(swt_threads())
  }

  /// Whether `device` multiplies bfloat16 itself. A processor that does not is slower with it than with float32.
  public static func multipliesBFloat16(on device: Device = .cpu) -> Bool {
    device == .cpu ? swt_cpu_multiplies_bfloat16() : true
  }

  /// libtorch knows affinity masks, but no quotas. Every way to its operators passes here.
  static let keepToAvailableProcessors: Void = {
    if getenv("OMP_NUM_THREADS") == nil, Int(swt_threads()) > AvailableProcessors.count {
      swt_set_threads(Int32(AvailableProcessors.count))
    }
  }()

  /// Sets how many threads work inside one operation, for every thread of the process from its next operation on.
  ///
  /// - Precondition: `count` is positive.
  public static func setThreads(_ count: Int, file: StaticString = #fileID, line: UInt = #line) {
    keepToAvailableProcessors
    check(swt_set_threads(Int32(clamping: count)), "Torch.setThreads(\(count))", file, line)
  }
}
