/// Many inputs on a command line. The parser copies all that it has seen for each that it adds, which for tens of thousands takes as long as running
/// them; so before it sees them they become one argument.
package enum LongArguments {
  /// No path holds it.
  private static let separator: Character = "\0"

  /// The arguments with long rows of plain ones joined. The first two of a row stay: they may be an option's value and the model.
  package static func joined(_ arguments: [String]) -> [String] {
    let kept = 2
    let shortest = 64
    var result: [String] = []
    var row: [String] = []
    var endsOptions = false
    func close() {
      if row.count < kept + shortest {
        result += row
      } else {
        result += row.prefix(kept) + [row.dropFirst(kept).joined(separator: String(separator))]
      }
      row = []
    }
    for argument in arguments {
      if endsOptions || !argument.hasPrefix("-") || argument == "-" {
        row.append(argument)
      } else {
        close()
        result.append(argument)
        endsOptions = argument == "--"
      }
    }
    close()
    return result
  }

  /// The arguments as they were given.
  static func separated(_ arguments: [String]) -> [String] {
    arguments.flatMap { $0.split(separator: separator, omittingEmptySubsequences: false).map(String.init) }
  }
}
