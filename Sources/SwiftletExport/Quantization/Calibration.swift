import SwiftletRuntime
import SwiftletTensor

/// Samples from which int8 export learns the ranges of a network's inner values.
///
/// Take them from what the network was trained or searched on, never from the test split: their statistics become part
/// of the exported model.
public struct Calibration: Sendable {
  /// Batches of inputs as the network takes them: one tensor for each of its inputs, in order.
  public var batches: [[Tensor]]
  /// How ranges follow from what is seen. Nil chooses for each kind of value the rule that moves the scores least on the
  /// batches (``RangeSearch``).
  public var rule: RangeRule?
  /// Threads that run the network.
  public var threads: Int

  /// Batches for a network of several inputs.
  public init(inputs batches: [[Tensor]], rule: RangeRule? = nil, threads: Int = 1) {
    self.batches = batches
    self.rule = rule
    self.threads = threads
  }

  /// Batches `[batch, …]` for a network of one input.
  public init(batches: [Tensor], rule: RangeRule? = nil, threads: Int = 1) {
    self.init(inputs: batches.map { [$0] }, rule: rule, threads: threads)
  }

  /// What the network computes in fp32 on the batches.
  struct Observation {
    /// What was seen of each part of each watched value.
    var histograms: [Int8Value: [Histogram]]
    var inputs: [[NDArray]] = []
    /// The network's outputs for each batch.
    var scores: [[[Float]]] = []
  }

  /// Runs the network in fp32 over all batches and counts what it sees of each part of `values`.
  func observe(_ values: [Int8Value], in network: Network) throws -> Observation {
    let watched = Dictionary(
      values.flatMap { value in ([value.name] + value.sharers).map { ($0, value) } },
      uniquingKeysWith: { first, _ in first })
    var seen = Observation(
      histograms: Dictionary(
        uniqueKeysWithValues: values.map { ($0, Array(repeating: Histogram(), count: $0.parts)) }))
    try run(network, watching: Set(watched.keys)) { input, outputs in
      seen.inputs.append(input)
      seen.scores.append(outputs)
    } value: { value, elements in
      guard let known = watched[value.name] else { return }
      seen.histograms[known]?.insert(elements, rowLength: value.shape.last?.factor ?? 1)
    }
    guard seen.histograms.values.allSatisfy({ $0.allSatisfy { $0.count > 0 } }) else {
      throw ExportError.calibration("it needs at least one calibration image")
    }
    return seen
  }

  /// Runs the network in fp32 over all batches and shows the watched values, which are finite.
  ///
  /// - Throws: `ExportError.calibration` for the first watched value or score that is infinite or not a number.
  func run(
    _ network: Network, watching names: Set<String>,
    batch seenBatch: (_ inputs: [NDArray], _ outputs: [[Float]]) -> Void = { _, _ in },
    value: (_ value: Graph.Value, _ elements: UnsafeBufferPointer<Float>) -> Void
  ) throws {
    var exact = network
    let constants = try exact.encode([:])
    let session = try Session(ModelFile(exact.graph, constants: constants), threads: threads)
    var broken: String?
    for batch in batches {
      let inputs = batch.map(\.array)
      let outputs = try session.run(inputs) { seen, elements in
        guard broken == nil, names.contains(seen.name) else { return }
        guard elements.allSatisfy(\.isFinite) else {
          broken = seen.name
          return
        }
        value(seen, elements)
      }
      if let broken { throw ExportError.calibration("a value at \(broken) is infinite or not a number") }
      let scores = outputs.map(\.floats)
      guard scores.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
        throw ExportError.calibration("the network's scores are infinite or not numbers")
      }
      seenBatch(inputs, scores)
    }
  }

  /// At most `count` of the batches, evenly spaced.
  func evenlySpaced(_ count: Int) -> Calibration {
    var fewer = self
    if batches.count > count { fewer.batches = (0..<count).map { batches[$0 * batches.count / count] } }
    return fewer
  }
}

extension Tensor {
  /// The numbers as a session takes them.
  var array: NDArray {
    dataType == .int64
      ? NDArray(.int64(contiguous().scalars(as: Int64.self)), shape: shape)
      : NDArray(cast(to: .float32).contiguous().scalars(as: Float.self), shape: shape)
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
