import SwiftletData
import SwiftletTerminal
import SwiftletTraining

extension ImageDataset {
  /// Tells, on standard error, what whoever uses the data should know.
  func printWarnings() {
    for warning in warnings { printToStandardError("warning: \(warning)") }
  }
}

extension TrainingData {
  /// Tells it once: the parts are of one data set.
  func printWarnings() { training.printWarnings() }
}
