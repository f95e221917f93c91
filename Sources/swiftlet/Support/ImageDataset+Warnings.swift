import SwiftletData
import SwiftletTerminal
import SwiftletTraining

/// Prints what may be wrong, a sentence a line on standard error.
func printWarnings(_ sentences: [String]) {
  for sentence in sentences { printToStandardError("warning: \(sentence)") }
}

extension ImageDataset {
  /// Tells what whoever uses the data should know.
  func printWarnings() { swiftlet.printWarnings(warnings) }
}

extension TrainingData {
  /// Tells it once: the parts are of one data set.
  func printWarnings() { training.printWarnings() }
}
