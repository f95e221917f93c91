import CSwiftletKernels
import SwiftletFiles
import SwiftletRuntime

/// What this machine does at best with so many threads: multiply-adds on registers, and reading memory.
public struct MachinePeaks: Hashable, Sendable, Codable {
  public var threads: Int
  /// Billions of operations a second for each precision, a multiplication and an addition being two.
  public var gigaOperationsPerSecond: [Precision: Double]
  /// Billions of bytes a second of a plain read of a buffer that no cache holds.
  public var gigabytesPerSecond: Double

  /// Measures, which takes about a second.
  ///
  /// - Throws: `SessionError` where the system gives no threads or no memory.
  public static func measure(
    threads: Int, instructionSet: InstructionSet = .best, precisions: [Precision] = Precision.allCases
  ) throws(SessionError) -> MachinePeaks {
    let pool = try ThreadPool(threads: threads)
    var operations: [Precision: Double] = [:]
    for precision in precisions { operations[precision] = self.operations(precision, instructionSet, pool) }
    return MachinePeaks(
      threads: threads, gigaOperationsPerSecond: operations, gigabytesPerSecond: reading(pool))
  }

  /// Runs until a whole tenth of a second went by, and takes the best time.
  private static func best(_ work: () -> Void) -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    var best = Double.infinity
    repeat { best = min(best, clock.measure(work).milliseconds) } while clock.now - start < .milliseconds(100)
    return best
  }

  private static func operations(
    _ precision: Precision, _ instructionSet: InstructionSet, _ pool: ThreadPool
  ) -> Double {
    guard let peak = swl_peak_for(precision.kernelType, instructionSet.code) else { return 0 }
    let (rounds, tiles) = (20_000, 8 * pool.threadCount)
    let run = peak.pointee.run
    let time = best {
      pool.parallelFor(tiles: tiles) { _, count, _ in for _ in 0..<count { _ = run?(rounds) } }
    }
    return 2 * Double(peak.pointee.multiply_adds * rounds * tiles) / time * 1e-6
  }

  private static func reading(_ pool: ThreadPool) -> Double {
    let (tileBytes, tiles) = (1 << 20, 256)
    let buffer = AlignedMemory(byteCount: tileBytes * tiles)
    // Untouched pages would all be the same page of zeros.
    buffer.address.initializeMemory(as: UInt8.self, repeating: 1, count: tileBytes * tiles)
    let time = best {
      pool.parallelFor(tiles: tiles) { first, count, _ in
        _ = swl_read_memory(buffer.address + first * tileBytes, count * tileBytes)
      }
    }
    return Double(tileBytes * tiles) / time * 1e-6
  }
}

extension Precision {
  /// Of the weights.
  var kernelType: swl_type {
    switch self {
    case .fp32: SWL_F32
    case .bf16: SWL_BF16
    case .int8: SWL_S8
    }
  }
}
