import ArgumentParser
import SwiftletMedia
import SwiftletRuntime

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `run MODEL INPUT…`: classifies images.
public struct RunCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a model on images and print the most probable classes.")

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Argument(help: "Image files (JPEG, PNG).", completion: .file())
  var inputs: [String]

  @Option(help: "How many classes to print for each image.")
  var top = 5

  @Flag(help: "Print one JSON object a line for each image.")
  var json = false

  @OptionGroup var speed: SpeedOptions

  public init() {}

  public func validate() throws {
    guard top >= 1 else { throw ValidationError("--top is \(top): at least one class has to be printed") }
  }

  /// One image's result, as `--json` prints it.
  struct Result: Encodable {
    let input: String
    let classes: [Model.Classification]
    let milliseconds: Double
  }

  public func run() throws {
    try reportingErrors {
      let loaded = try Model(
        contentsOf: URL(path: model), threads: speed.threads, instructionSet: speed.instructionSet)
      var failures = 0
      var lastError: (any Error)?
      for input in inputs {
        do {
          let image = try Image(contentsOf: URL(path: input))
          var classes: [Model.Classification] = []
          let time = try ContinuousClock().measure { classes = try loaded.classify(image, top: top) }
          try show(Result(input: input, classes: classes, milliseconds: time.milliseconds))
        } catch let error as MediaError where inputs.count > 1 {
          // The other images can still be classified.
          printToStandardError("error: \(error.located(at: input))")
          (failures, lastError) = (failures + 1, error)
        } catch let error as MediaError {
          throw error.located(at: input)
        }
      }
      if let lastError {
        throw ExitCode(failures == inputs.count ? ExitStatus.code(for: lastError) : ExitStatus.failed)
      }
    }
  }

  private func show(_ result: Result) throws {
    if json { return try printJSON(result) }
    try StandardOutput.print("\(result.input)  (\(result.milliseconds.text(decimals: 1)) ms)")
    let rows = result.classes.map { ["  \($0.label)", "\((Double($0.probability) * 100).text(decimals: 2)) %"] }
    try StandardOutput.print(table(rows))
  }
}
