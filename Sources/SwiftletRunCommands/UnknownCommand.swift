import ArgumentParser
import SwiftletFiles

/// A word that stands where a command is expected and is none.
struct UnknownCommand: Error, CustomStringConvertible {
  let word: String
  let program: String
  let known: [String]

  /// The first such word, or nil where every command is known, or the word may be something else than a command.
  static func first(in arguments: [String], of root: any ParsableCommand.Type) -> UnknownCommand? {
    var command = root
    var program = name(of: root)
    for word in arguments {
      let children = command.configuration.subcommands
      guard !children.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
      let known = children.map { name(of: $0) }
      if let index = known.firstIndex(of: word) {
        command = children[index]
        program += " \(word)"
        continue
      }
      // Beside the commands, `bench` takes the names of files.
      let takesFiles = command.configuration.defaultSubcommand != nil
      if takesFiles, access(word, F_OK) == 0 || NearestName.of(word, among: known) == nil { return nil }
      return UnknownCommand(word: word, program: program, known: known)
    }
    return nil
  }

  var description: String {
    let hint =
      NearestName.of(word, among: known + ["help"]).map { "did you mean \($0)?" }
      ?? "the commands are \(known.joined(separator: ", "))"
    return "\(program) has no command \"\(word)\"; \(hint)"
  }
}

private func name(of command: any ParsableCommand.Type) -> String {
  command.configuration.commandName ?? "\(command)".lowercased()
}
