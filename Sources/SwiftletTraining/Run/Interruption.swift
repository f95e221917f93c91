import Foundation
import Synchronization

private let pending = Atomic<Int32>(0)

private func noteSignal(_ number: Int32) {
  pending.store(number, ordering: .relaxed)
  signal(number, SIG_DFL)
}

/// SIGINT and SIGTERM as a question that the training loop asks between steps.
///
/// The second signal ends the process at once, as it would have without this.
public enum Interruption {
  /// The signal that arrived since `whileListening` began, if any.
  public static var signalNumber: Int32? {
    let number = pending.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  public static func whileListening<Result>(_ body: () throws -> Result) rethrows -> Result {
    pending.store(0, ordering: .relaxed)
    let oldInterrupt = signal(SIGINT, noteSignal)
    let oldTerminate = signal(SIGTERM, noteSignal)
    defer {
      signal(SIGINT, oldInterrupt)
      signal(SIGTERM, oldTerminate)
    }
    return try body()
  }
}
