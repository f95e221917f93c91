import Foundation
import SwiftletReport
import SwiftletTerminal

/// What one exported file reached, measured by running it.
public struct DemoResult: Codable, Hashable, Sendable {
  /// `dense`, `2:4`, `1:4`.
  public let pattern: String
  /// `fp32`, `int8`.
  public let precision: String
  /// The share of test images whose class was found.
  public let accuracy: Double
  /// Of one image.
  public let multiplyAdds: Int
  /// Of the whole file, its graph and indices included.
  public let fileBytes: Int
  /// The fastest and the median run of one image, in milliseconds.
  public let bestMilliseconds, medianMilliseconds: Double
  /// Median time of the dense fp32 file over this one's, both measured in turn in one process.
  public let speedUp: Double

  /// `2:4 int8`.
  public var name: String { "\(pattern) \(precision)" }
}

extension [DemoResult] {
  /// A row a file.
  public var table: Table {
    var table = Table(columns: [
      .text("model"), .number("accuracy"), .number("MACs"), .number("file"), .number("ms an image"),
      .number("speed-up"),
    ])
    for result in self {
      table.append([
        result.name, percent(result.accuracy), String(format: "%.1f M", Double(result.multiplyAdds) / 1e6),
        String(format: "%.0f kB", Double(result.fileBytes) / 1e3),
        String(format: "%.3f", result.medianMilliseconds), String(format: "%.2fx", result.speedUp),
      ])
    }
    return table
  }

  /// The page that the demo leaves behind.
  func report(machine: String, runs: [RunSummary]) -> Report {
    var report = Report(title: "Swiftlet demo")
    report.append(
      .paragraph(
        "A small DeiT, trained and pruned on procedurally drawn images, then exported and run by the runtime. "
          + "Accuracy is on test images that training, pruning and calibration have not seen. \(machine)"))
    report.append(.table(table))
    report.append(
      .paragraph(
        "Time is the median of single images, all files taking turns in one process; the speed-up is against dense fp32."
      ))
    report.append(
      .bars(BarChart(title: "Time", unit: "ms an image", bars: map { .init($0.name, $0.medianMilliseconds) })))
    report.append(.bars(BarChart(title: "File", unit: "kB", bars: map { .init($0.name, Double($0.fileBytes) / 1e3) })))
    report.append(
      .lines(
        LineChart(
          title: "Accuracy against time", x: "ms an image", y: "accuracy, %",
          series: [
            .init(
              "files",
              points: map { .init(x: $0.medianMilliseconds, y: 100 * $0.accuracy, label: $0.name) }, style: .points)
          ])))
    report.append(.heading("Training"))
    report.append(.table(runs.table))
    report.append(.lines(runs.lossChart))
    report.append(.lines(runs.accuracyChart))
    return report
  }
}

private func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }
