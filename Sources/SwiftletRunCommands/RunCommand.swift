import ArgumentParser
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime
import SwiftletTerminal

/// `run MODEL INPUT…`: classifies images, or writes a text.
public struct RunCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a model: print the most probable classes of images, or the text that a language model writes.",
    discussion: """
      What is done follows from the model file. A classifier takes image files and folders with images.

      A language model takes a prompt, which - reads from standard input, and goes on with it; the text appears as it is \
      written. With --chat each line that is typed, or comes from standard input, is a message, and the model answers. \
      Ctrl-C ends a text.
      """)

  @Argument(help: "The model file.", completion: .file(extensions: ["swiftlet"]))
  var model: String

  @Argument(help: "Image files, or folders with images; or a prompt, - for standard input.", completion: .file())
  var inputs: [String] = []

  @Option(help: "How many classes to print for each image. (default: 5)")
  var top: Int?

  @Flag(help: "Print one JSON object a line for each image or text.")
  var json = false

  @OptionGroup var speed: SpeedOptions

  @OptionGroup(title: "Language models")
  var text: TextOptions

  public init() {}

  public func validate() throws {
    if let top, top < 1 { throw ValidationError("--top is \(top): at least one class has to be printed") }
  }

  public func run() throws {
    let file = URL(path: model)
    let kinds = try ModelContainer.kinds(inFileAt: file)
    if kinds.contains(LanguageProgram.kind) { try write(by: file) } else { try classify(by: file) }
  }

  private func classify(by file: URL) throws {
    if let option = text.given.first {
      throw RunUsageError("\(option) goes with language models, and \(model) is none")
    }
    guard !inputs.isEmpty else { throw RunUsageError("there is no image: give files or folders behind the model") }
    try PictureRun(top: top ?? 5, asJSON: json, speed: speed).classify(LongArguments.separated(inputs), by: file)
  }

  private func write(by file: URL) throws {
    if top != nil { throw RunUsageError("--top goes with classifiers, and \(model) is a language model") }
    let prompts = LongArguments.separated(inputs)
    if text.chat {
      guard prompts.isEmpty else {
        throw RunUsageError("--chat reads its messages line by line: give no prompt behind the model")
      }
      guard text.cache == nil, text.saveCache == nil else {
        throw RunUsageError("--cache and --save-cache go with a prompt, and not with --chat")
      }
      return try loaded(file).converse(system: text.system)
    }
    guard text.system == nil else { throw RunUsageError("--system goes with --chat") }
    guard let prompt = prompts.first else {
      throw RunUsageError("there is no prompt: give one behind the model, - for standard input, or --chat")
    }
    guard prompts.count == 1 else {
      throw RunUsageError("there are \(prompts.count) prompts: put one in quotation marks")
    }
    if let saved = text.saveCache {
      try checkOutputs([.readText(URL(path: saved).path)], reading: [model, text.cache].compactMap(\.self))
    }
    let start = try Prompt.text(of: prompt)
    try loaded(file).write(
      after: start, knowing: text.cache.map { URL(path: $0) }, saving: text.saveCache.map { URL(path: $0) })
  }

  private func loaded(_ file: URL) throws -> TextRun {
    let model = try LanguageModel(
      contentsOf: file, threads: speed.threads ?? processorCount(), instructionSet: speed.instructionSet)
    return TextRun(of: model, options: text.options, asJSON: json)
  }
}

/// A combination of options that has no meaning for a model.
struct RunUsageError: ExitStatusError, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  var exitStatus: Int32 { ExitStatus.usage }
}
