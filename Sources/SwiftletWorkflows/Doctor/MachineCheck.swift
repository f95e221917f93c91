import Foundation
import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

/// One thing that the toolkit needs of this machine, and what was found.
///
/// ```swift
/// for check in MachineCheck.all { print(check) }
/// ```
public struct MachineCheck: Hashable, Sendable, Encodable {
  /// What the finding means for the toolkit.
  public enum Verdict: String, Hashable, Sendable, Encodable {
    /// As it should be.
    case fine
    /// Not there, and not needed.
    case optional
    /// Needed by a part of the toolkit.
    case missing

    var mark: String {
      switch self {
      case .fine: "✔"
      case .optional: "–"
      case .missing: "✘"
      }
    }
  }

  public let subject: String
  public let verdict: Verdict
  public let finding: String
  /// What to do about it, where something is to be done.
  public private(set) var remedy: String?

  /// Processor, libtorch, CUDA, FFmpeg and disk.
  public static var all: [MachineCheck] { [.processor, .libtorch, .cuda, .ffmpeg, .disk] }

  static var processor: MachineCheck {
    let (online, allowed) = (ProcessInfo.processInfo.activeProcessorCount, processorCount())
    let cores = allowed < online ? "\(allowed) of \(online) cores for this process" : "\(online) cores"
    return MachineCheck(
      subject: "processor", verdict: .fine,
      finding: "\(cores), kernels run as \(InstructionSet.best.rawValue)")
  }

  static var libtorch: MachineCheck {
    guard let problem = Torch.problem else {
      return MachineCheck(
        subject: "libtorch", verdict: .fine,
        finding: "\(Torch.version), \(Torch.cpuCapability), \(Torch.threads) threads, \(precision)")
    }
    return MachineCheck(
      subject: "libtorch", verdict: .missing, finding: problem,
      remedy: "run ./setup in the package, or set LIBTORCH to an installed libtorch and run ./setup")
  }

  /// What a recipe's `precision: auto` means here.
  private static var precision: String {
    let (precision, reason) = Recipe.Arithmetic.chosen()
    return "trains in \(precision.rawValue) by default of recipes with precision auto: \(reason)"
  }

  /// A machine without a GPU is not broken.
  static var cuda: MachineCheck {
    guard Torch.isAvailable, Torch.cudaDeviceCount > 0 else {
      return MachineCheck(subject: "CUDA", verdict: .optional, finding: "no device: training runs on the CPU")
    }
    return MachineCheck(subject: "CUDA", verdict: .fine, finding: "\(Torch.cudaDeviceCount) devices")
  }

  static var ffmpeg: MachineCheck {
    do throws(MediaError) {
      try ImageDecoder.checkAvailable()
      return MachineCheck(subject: "FFmpeg", verdict: .fine, finding: "images can be read and written")
    } catch {
      return MachineCheck(subject: "FFmpeg", verdict: .missing, finding: "\(error)")
    }
  }

  static var disk: MachineCheck {
    let folder = URL(filePath: FileManager.default.currentDirectoryPath)
    let free = (try? FileManager.default.attributesOfFileSystem(forPath: folder.path))?[.systemFreeSize] as? Int
    guard let free else {
      return MachineCheck(subject: "disk", verdict: .optional, finding: "free space of \(folder.path) is unknown")
    }
    let gibibytes = Double(free) / Double(1 << 30)
    return MachineCheck(
      subject: "disk", verdict: gibibytes < 1 ? .missing : .fine,
      finding: String(format: "%.1f GiB free in %@", gibibytes, folder.path),
      remedy: gibibytes < 1 ? "free at least 1 GiB for checkpoints" : nil)
  }
}

extension MachineCheck: CustomStringConvertible {
  public var description: String {
    "\(verdict.mark) \(subject): \(finding)" + (remedy.map { "\n    \($0)" } ?? "")
  }
}
