import ArgumentParser
import SwiftletFiles
import SwiftletTerminal

/// A command line from its start to its exit status.
///
/// The statuses are 0, 1 for a failure, 64 for wrong usage, 66 for an input that is not there, 69 for something that this
/// machine lacks, 130 where Ctrl-C ends a text that is being written, and 141 where nobody reads the output any more, which is
/// what the shell says of programs that these end.
package enum Program {
  package static let version = "0.1.0"

  /// Parses and runs the command that the arguments name.
  package static func run(_ root: any ParsableCommand.Type) -> Never {
    fillClosedStreams()
    // A reader that leaves is an error of the write, so that one that leaves standard error stops no training.
    signal(SIGPIPE, SIG_IGN)
    let result = self.result(root)
    do {
      try StandardOutput.finish()
    } catch {
      exit(result == 0 ? report(error) : result)
    }
    exit(result)
  }

  private static func result(_ root: any ParsableCommand.Type) -> Int32 {
    let arguments: [String]
    do {
      arguments = try readArguments()
    } catch {
      printToStandardError("error: \(error)")
      return ExitStatus.usage
    }
    if let unknown = UnknownCommand.first(in: arguments, of: root) {
      printToStandardError("error: \(unknown)")
      return ExitStatus.usage
    }
    do {
      var command = try root.parseAsRoot(LongArguments.joined(arguments))
      do {
        try command.run()
        return 0
      } catch let error as StandardOutputError {
        return report(error)
      } catch  where root.exitCode(for: error) == .failure && !(error is ExitCode) {
        // The parser knows its own errors and ends them with another status: help with 0, wrong usage with 64.
        printToStandardError("error: \(error)")
        return ExitStatus.code(for: error)
      }
    } catch {
      return show(error, of: root)
    }
  }

  /// Prints what the parser has to say: help and version on standard output, the rest on standard error.
  private static func show(_ error: any Error, of root: any ParsableCommand.Type) -> Int32 {
    let code = root.exitCode(for: error).rawValue
    let message = root.fullMessage(for: error)
    guard code == 0 else {
      if !message.isEmpty { try? StandardStream.error.write(message + "\n") }
      return code
    }
    do {
      try StandardOutput.print(message)
      return 0
    } catch {
      return report(error)
    }
  }

  static func report(_ error: StandardOutputError) -> Int32 {
    if error.isReaderGone { return ExitStatus.readerGone }
    printToStandardError("error: \(error)")
    return ExitStatus.failed
  }

  /// The arguments, which have to be text.
  private static func readArguments() throws(ArgumentError) -> [String] {
    let pointers = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
    var arguments: [String] = []
    for pointer in pointers.dropFirst() {
      guard let pointer else { break }
      guard let text = String(validatingCString: pointer) else {
        throw ArgumentError(shown: String(cString: pointer))
      }
      arguments.append(text)
    }
    return arguments
  }

  /// A file must not take the place of a stream that is closed, or what is printed would go into it.
  private static func fillClosedStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one. Open the wrong way round, it still refuses what a closed one refuses.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}

/// An argument that is no text.
private struct ArgumentError: Error, CustomStringConvertible {
  /// With a sign in the place of what cannot be read.
  let shown: String

  var description: String { "the argument \"\(shown)\" is not UTF-8: give the file a name that is, or a link with one" }
}
