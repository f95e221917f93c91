import SwiftletFiles
import Synchronization

private let pending = Atomic<Int32>(0)
private let listeners = Atomic<Int>(0)

private func noteSignal(_ number: Int32) {
  pending.store(number, ordering: .relaxed)
  signal(number, SIG_DFL)
}

/// A terminal that closes says so twice, itself and through its shell, so the second hang-up is not a wish to end at once.
private func noteHangUp(_ number: Int32) { pending.store(number, ordering: .relaxed) }

/// SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal) as a question that the training loop asks between steps.
///
/// A second Ctrl-C or SIGTERM ends the process at once, as it would have without this. What the process was started to
/// ignore stays ignored, such as SIGHUP under `nohup`.
public enum Interruption {
  /// The signal that arrived since `whileListening` began, if any.
  public static var signalNumber: Int32? {
    let number = pending.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Work within work listens already: what arrived stays for both.
  public static func whileListening<Result>(_ body: () throws -> Result) rethrows -> Result {
    defer { listeners.subtract(1, ordering: .relaxed) }
    guard listeners.add(1, ordering: .relaxed).oldValue == 0 else { return try body() }
    pending.store(0, ordering: .relaxed)
    let before = [SIGINT, SIGTERM, SIGHUP].map { number in
      let old = number == SIGHUP ? signal(number, noteHangUp) : signal(number, noteSignal)
      let isIgnored = unsafeBitCast(old, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if isIgnored { signal(number, SIG_IGN) }
      return (number, old)
    }
    defer {
      for (number, old) in before { signal(number, old) }
    }
    return try body()
  }
}
