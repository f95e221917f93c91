/// A number that stays at `first`, changes evenly and stays at `last` over the epochs of a run.
struct Ramp: Hashable, Sendable {
  let first, last: Double
  /// How long it stays at either end, at most half of all epochs.
  let flatEpochs: Double
  let epochs: Double

  /// - Parameter flatEpochs: nil is a fifteenth of all epochs, as in ELSA's 10 of 150.
  init(from first: Double, to last: Double, flatEpochs: Double?, epochs: Int) {
    (self.first, self.last, self.epochs) = (first, last, Double(epochs))
    self.flatEpochs = flatEpochs ?? Double(epochs) / 15
  }

  /// - Parameter epoch: epochs done, fractions included.
  func value(at epoch: Double) -> Double {
    let slope = epochs - 2 * flatEpochs
    let way = slope > 0 ? min(max((epoch - flatEpochs) / slope, 0), 1) : (epoch < flatEpochs ? 0 : 1)
    return first + (last - first) * way
  }
}
