import SwiftletRuntime
import SwiftletTensor

/// Images from which int8 export learns the ranges of a network's inner values.
///
/// Take them from what the network was trained or searched on, never from the test split: their statistics become part
/// of the exported model.
public struct Calibration: Sendable {
  /// Batches of inputs as the network takes them, `[batch, …]` in float32.
  public var batches: [Tensor]
  public var rule: RangeRule
  /// Threads that run the network.
  public var threads: Int

  public init(batches: [Tensor], rule: RangeRule = .leastSquares, threads: Int = 1) {
    self.batches = batches
    self.rule = rule
    self.threads = threads
  }

  /// Runs the network in fp32 over all batches and counts what it sees of each part of `values`.
  func histograms(of values: [Int8Value], in network: Network) throws -> [Int8Value: [Histogram]] {
    var exact = network
    let constants = try exact.encode([:])
    let session = try Session(ModelFile(exact.graph, constants: constants), threads: threads)
    let watched = Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0) })
    var histograms = Dictionary(
      uniqueKeysWithValues: values.map { ($0, Array(repeating: Histogram(), count: $0.parts)) })
    var broken: String?
    for batch in batches {
      let input = NDArray(batch.cast(to: .float32).contiguous().scalars(as: Float.self), shape: batch.shape)
      _ = try session.run([input]) { value, elements in
        guard broken == nil, let seen = watched[value.name] else { return }
        guard elements.allSatisfy(\.isFinite) else {
          broken = value.name
          return
        }
        histograms[seen]?.insert(elements, rowLength: value.shape.last?.factor ?? 1)
      }
      if let broken { throw ExportError.calibration("a value at \(broken) is infinite or not a number") }
    }
    guard histograms.values.allSatisfy({ $0.allSatisfy { $0.count > 0 } }) else {
      throw ExportError.calibration("it needs at least one calibration image")
    }
    return histograms
  }
}

extension [Histogram] {
  /// Cuts each row into as many equal parts as there are histograms.
  fileprivate mutating func insert(_ elements: UnsafeBufferPointer<Float>, rowLength: Int) {
    guard count > 1 else { return self[0].insert(elements) }
    let width = rowLength / count
    for start in stride(from: 0, to: elements.count, by: width) {
      self[start / width % count].insert(UnsafeBufferPointer(rebasing: elements[start..<start + width]))
    }
  }
}
