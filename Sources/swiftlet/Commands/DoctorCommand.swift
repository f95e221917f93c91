import ArgumentParser
import Foundation
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal
import SwiftletTraining

/// Checks what the toolkit needs and says what to do about what is missing.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check this machine: processor, libtorch, FFmpeg, disk.")

  @Flag(help: "Print the checks as JSON.")
  var json = false

  func run() throws {
    let checks = [Check.processor, .libtorch, .cuda, .ffmpeg, .disk]
    if json {
      try printJSON(checks, pretty: true)
    } else {
      for check in checks {
        try StandardOutput.print("\(check.verdict.mark) \(check.subject): \(check.finding)")
        if let remedy = check.remedy { try StandardOutput.print("    \(remedy)") }
      }
    }
    if checks.contains(where: { $0.verdict == .missing }) { throw ExitCode(69) }
  }
}

/// One thing that was looked at.
struct Check: Encodable {
  enum Verdict: String, Encodable {
    case fine, optional, missing

    var mark: String {
      switch self {
      case .fine: "✔"
      case .optional: "–"
      case .missing: "✘"
      }
    }
  }

  let subject: String
  let verdict: Verdict
  let finding: String
  var remedy: String?

  static var processor: Check {
    let (online, allowed) = (ProcessInfo.processInfo.activeProcessorCount, processorCount())
    let cores = allowed < online ? "\(allowed) of \(online) cores for this process" : "\(online) cores"
    return Check(
      subject: "processor", verdict: .fine,
      finding: "\(cores), kernels run as \(InstructionSet.best.rawValue)")
  }

  static var libtorch: Check {
    guard let problem = Torch.problem else {
      return Check(
        subject: "libtorch", verdict: .fine,
        finding: "\(Torch.version), \(Torch.cpuCapability), \(Torch.threads) threads, \(precision)")
    }
    return Check(
      subject: "libtorch", verdict: .missing, finding: problem,
      remedy: "run ./setup in the package, or set LIBTORCH to an installed libtorch and run ./setup")
  }

  /// What a recipe's `precision: auto` means here.
  private static var precision: String {
    let (precision, reason) = Recipe.Arithmetic.chosen()
    return "trains in \(precision.rawValue) by default of recipes with precision auto: \(reason)"
  }

  /// A machine without a GPU is not broken.
  static var cuda: Check {
    guard Torch.isAvailable, Torch.cudaDeviceCount > 0 else {
      return Check(subject: "CUDA", verdict: .optional, finding: "no device: training runs on the CPU")
    }
    return Check(subject: "CUDA", verdict: .fine, finding: "\(Torch.cudaDeviceCount) devices")
  }

  static var ffmpeg: Check {
    do throws(MediaError) {
      try ImageDecoder.checkAvailable()
      return Check(subject: "FFmpeg", verdict: .fine, finding: "images can be read and written")
    } catch {
      return Check(subject: "FFmpeg", verdict: .missing, finding: "\(error)")
    }
  }

  static var disk: Check {
    let folder = URL(filePath: FileManager.default.currentDirectoryPath)
    let free = (try? FileManager.default.attributesOfFileSystem(forPath: folder.path))?[.systemFreeSize] as? Int
    guard let free else {
      return Check(subject: "disk", verdict: .optional, finding: "free space of \(folder.path) is unknown")
    }
    let gibibytes = Double(free) / Double(1 << 30)
    return Check(
      subject: "disk", verdict: gibibytes < 1 ? .missing : .fine,
      finding: String(format: "%.1f GiB free in %@", gibibytes, folder.path),
      remedy: gibibytes < 1 ? "free at least 1 GiB for checkpoints" : nil)
  }
}
