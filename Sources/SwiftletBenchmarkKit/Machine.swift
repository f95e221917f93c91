import SwiftletFiles
import SwiftletRuntime

/// This machine in words, for figures that are only worth something together with it.
public enum Machine {
  /// Processor, cores, instruction set and threads in one sentence.
  public static func description(threads: Int) -> String {
    let cores = processorCount()
    return "\(processor), \(cores) cores, \(InstructionSet.best.rawValue), \(threads) threads."
  }

  /// The processor's name as Linux reports it.
  private static var processor: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return name.map { String($0.drop { $0 == " " }) } ?? "unnamed processor"
  }
}
