import CSwiftletTorch

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
  public static var threads: Int { Int(swt_threads()) }

  /// Sets how many threads work inside one operation, for every thread of the process from its next operation on.
  ///
  /// - Precondition: `count` is positive.
  public static func setThreads(_ count: Int, file: StaticString = #fileID, line: UInt = #line) {
    check(swt_set_threads(Int32(clamping: count)), "Torch.setThreads(\(count))", file, line)
  }
}
