import CSwiftletKernels
import Foundation
import SwiftletRuntime

/// This machine in words, for figures that are only worth something together with it.
enum Machine {
  /// Processor, cores, instruction set and threads in one sentence.
  static func description(threads: Int) -> String {
    let cores = processorCount()
    return "\(processor), \(cores) cores, \(String(cString: swl_isa_name(swl_isa_of_processor()))), \(threads) threads."
  }

  /// The processor's name as Linux reports it.
  private static var processor: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unnamed processor"
  }
}
