import CSwiftletTorch

/// Where a tensor's elements live and its operations run.
public enum Device: Hashable, Sendable, CustomStringConvertible {
  case cpu
  case cuda(Int)

  /// `cpu`, `cuda` (the first) or `cuda:1`.
  ///
  /// - Throws: ``DeviceError`` for another spelling, or a device that this machine or this libtorch does not have.
  public init(parsing text: String) throws(DeviceError) {
    if text == "cpu" {
      self = .cpu
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0] == "cuda", let index = parts.count == 1 ? 0 : Int(parts[1]), index >= 0 else {
      throw DeviceError(description: "there is no device named '\(text)'; devices are cpu, cuda and cuda:N")
    }
    let count = Torch.cudaDeviceCount
    guard index < count else {
      throw DeviceError(
        description: count == 0
          ? "\(text) was asked for, but libtorch sees no CUDA device; use cpu, or run ./setup with LIBTORCH set to a CUDA build"
          : "\(text) was asked for, but libtorch sees only \(count) CUDA device\(count == 1 ? "" : "s"), from cuda:0 on"
      )
    }
    self = .cuda(index)
  }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }

  /// Waits until the device has finished what it was given; a CPU always has.
  public func synchronize(file: StaticString = #fileID, line: UInt = #line) {
    check(swt_synchronize(code, Int32(clamping: index)), "Device.synchronize", file, line)
  }

  var code: Int32 { self == .cpu ? 0 : 1 }
  var index: Int { if case .cuda(let index) = self { index } else { -1 } }
}

/// A device that cannot be used, and why.
public struct DeviceError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}
