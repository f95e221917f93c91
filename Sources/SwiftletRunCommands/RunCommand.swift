import ArgumentParser
import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime
import SwiftletTerminal
import SwiftletVision

/// `run MODEL INPUT…`: classifies images.
public struct RunCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a model on images and print the most probable classes.")

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Argument(help: "Image files, or folders with images.", completion: .file())
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
    let loaded = try Model(
      contentsOf: URL(path: model), threads: speed.threads, instructionSet: speed.instructionSet)
    var (successes, lastError) = (0, (any Error)?.none)
    for input in PictureInputs(paths: LongArguments.separated(inputs)) {
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
    if json { return try printJSON(result) }
    try StandardOutput.print("\(result.input)  (\(result.milliseconds.text(decimals: 1)) ms)")
    let rows = result.classes.map { ["  \($0.label)", "\((Double($0.probability) * 100).text(decimals: 2)) %"] }
    try StandardOutput.print(table(rows))
  }
}
