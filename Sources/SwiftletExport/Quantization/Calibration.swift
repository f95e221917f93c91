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

  /// Runs the network in fp32 over all batches and chooses a grid for each of `values`.
  func grids(of values: [String], in network: Network) throws -> [String: Graph.Quantization] {
    let histograms = try histograms(of: values, in: network)
    return try Dictionary(
      uniqueKeysWithValues: values.map { name in
        guard let histogram = histograms[name], histogram.count > 0 else {
          throw ExportError.calibration("it needs at least one calibration image")
        }
        return (name, rule.quantization(of: histogram))
      })
  }

  private func histograms(of values: [String], in network: Network) throws -> [String: Histogram] {
    var exact = network
    let constants = try exact.encode([:])
    let session = try Session(ModelFile(exact.graph, constants: constants), threads: threads)
    let watched = Set(values)
    var histograms: [String: Histogram] = [:]
    var broken: String?
    for batch in batches {
      let input = NDArray(batch.cast(to: .float32).contiguous().scalars(as: Float.self), shape: batch.shape)
      _ = try session.run([input]) { value, elements in
        guard broken == nil, watched.contains(value.name) else { return }
        guard elements.allSatisfy(\.isFinite) else {
          broken = value.name
          return
        }
        histograms[value.name, default: Histogram()].insert(elements)
      }
      if let broken { throw ExportError.calibration("a value at \(broken) is infinite or not a number") }
    }
    return histograms
  }
}
