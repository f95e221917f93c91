import Testing

@testable import SwiftletRuntime

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8]) func `every tile runs once`(threads: Int) throws {
    let pool = try ThreadPool(threads: threads)
    for tiles in [0, 1, 2, 3, 7, 64, 1000] {
      for _ in 0..<50 {
        let runs = Counters(count: max(tiles, 1))
        pool.parallelFor(tiles: tiles) { first, count, worker in
          #expect((0..<threads).contains(worker))
          for tile in first..<first + count { runs.add(at: tile) }
        }
        #expect(runs.values.prefix(tiles).allSatisfy { $0 == 1 }, "\(tiles) tiles")
      }
    }
  }

  @Test func `every tile runs once with uneven shares`() throws {
    let pool = try ThreadPool(threads: 3)
    for shares in [[0, 5, 5, 64], [0, 0, 0, 7], [0, 60, 62, 100]] {
      for _ in 0..<50 {
        let runs = Counters(count: shares[3])
        pool.run(
          ThreadPool.Job(tiles: shares[3], shares: shares) { first, count, _ in
            for tile in first..<first + count { runs.add(at: tile) }
          })
        #expect(runs.values.allSatisfy { $0 == 1 }, "\(shares)")
      }
    }
  }

  /// What a job wrote is there when the next one starts.
  @Test func `jobs follow each other`() throws {
    let pool = try ThreadPool(threads: 4)
    let total = Counters(count: 1)
    for round in 0..<2000 {
      pool.parallelFor(tiles: 5) { _, count, _ in for _ in 0..<count { total.add(at: 0) } }
      #expect(total.values[0] == 5 * (round + 1))
    }
  }

  @Test func `no two threads have the same number at once`() throws {
    let pool = try ThreadPool(threads: 4)
    let busy = Counters(count: 4)
    let clashes = Counters(count: 1)
    for _ in 0..<200 {
      pool.parallelFor(tiles: 100) { _, _, worker in
        if busy.add(at: worker) != 1 { clashes.add(at: 0) }
        busy.add(at: worker, -1)
      }
    }
    #expect(clashes.values[0] == 0)
  }

  /// A clock that stands still but for the times that are told.
  @Test func `a thread that was put aside looks for less long, and for longer as that goes well`() {
    var times: [Duration] = []
    var patience = Patience(threads: 2, processors: 2) { times.isEmpty ? .zero : times.removeFirst() }
    #expect(patience.limit == Patience.most)
    times = [.zero, .microseconds(2), .microseconds(2) + Patience.interruption * 2]
    #expect(patience.look(for: { Int?.none }) == nil)
    #expect(patience.limit == Patience.least)
    for doubled in 1...10 {
      var looks = 0
      let found = patience.look {
        looks += 1
        return looks > 3 ? looks : nil
      }
      #expect(found == 4)
      #expect(patience.limit == min(Patience.most, Patience.least * (1 << doubled)))
    }
  }

  @Test func `whoever finds nothing sleeps in time, and nobody looks where processors are too few`() {
    var time = Duration.zero
    var patience = Patience(threads: 2, processors: 2) {
      time += .microseconds(1)
      return time
    }
    #expect(patience.look(for: { Int?.none }) == nil)
    #expect(time <= Patience.most + .microseconds(2))
    #expect(patience.limit == Patience.most)
    var hasty = Patience(threads: 3, processors: 2)
    #expect(hasty.limit == nil)
    #expect(hasty.look(for: { 1 }) == nil)
  }

  @Test func `impossible numbers of threads are refused`() {
    #expect(throws: SessionError.threadCount(0)) { try ThreadPool(threads: 0) }
    #expect(throws: SessionError.threadCount(100_000)) { try ThreadPool(threads: 100_000) }
  }

  @Test func `pools come and go`() throws {
    for _ in 0..<100 { try ThreadPool(threads: 3).parallelFor(tiles: 3) { _, _, _ in } }
  }
}

/// Numbers that threads may add to.
///
/// Under a POSIX lock, as the thread sanitizer cannot see into the standard library's own.
private final class Counters: @unchecked Sendable {
  private let turn = Turn()
  private var counts: [Int]

  init(count: Int) { counts = Array(repeating: 0, count: count) }

  var values: [Int] {
    turn.take()
    defer { turn.give() }
    return counts
  }

  @discardableResult
  func add(at index: Int, _ amount: Int = 1) -> Int {
    turn.take()
    defer { turn.give() }
    counts[index] += amount
    return counts[index]
  }
}
