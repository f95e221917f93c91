import SwiftletTerminal

/// Prints what a person should know, a sentence a line on standard error.
func printNotes(_ sentences: [String]) {
  for sentence in sentences { printToStandardError("note: \(sentence)") }
}
