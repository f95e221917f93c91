import ArgumentParser
import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime
import SwiftletTerminal
import SwiftletVision

/// Classifies pictures, and prints what they show.
struct PictureRun {
  /// How many classes are printed of each.
  let top: Int
  let asJSON: Bool
  let speed: SpeedOptions

  /// One image's result, as `--json` prints it.
  private struct Result: Encodable {
    let input: String
    let classes: [Model.Classification]
    let milliseconds: Double
  }

  func classify(_ inputs: [String], by file: URL) throws {
    let loaded = try Model(contentsOf: file, threads: speed.threads, instructionSet: speed.instructionSet)
    var (successes, lastError) = (0, (any Error)?.none)
    for input in PictureInputs(paths: inputs) {
      do {
        let path = try input.get()
        let image = try Image(contentsOf: path)
        var classes: [Model.Classification] = []
        let time = try ContinuousClock().measure { classes = try loaded.classify(image, top: top) }
        try show(Result(input: path.description, classes: classes, milliseconds: time.milliseconds))
        successes += 1
      } catch let error as MediaError {
        // The other images can still be classified.
        printToStandardError("error: \(error)")
        lastError = error
      }
    }
    if let lastError { throw ExitCode(successes == 0 ? ExitStatus.code(for: lastError) : ExitStatus.failed) }
  }

  private func show(_ result: Result) throws {
    if asJSON { return try printJSON(result) }
    try StandardOutput.print("\(result.input)  (\(result.milliseconds.text(decimals: 1)) ms)")
    let rows = result.classes.map { ["  \($0.label)", "\((Double($0.probability) * 100).text(decimals: 2)) %"] }
    try StandardOutput.print(table(rows))
  }
}
