import SwiftletRuntime

extension ModelBenchmark {
  /// One line for people.
  var text: String {
    "\(model): \(bestMilliseconds.text(decimals: 2)) ms best, \(medianMilliseconds.text(decimals: 2)) ms median of "
      + "\(runs) runs, batch \(batch), \(threads) \(threads == 1 ? "thread" : "threads"), \(isa)"
  }
}
