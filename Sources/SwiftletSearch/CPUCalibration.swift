import Foundation
import SwiftletBenchmarkKit
import SwiftletCompression
import SwiftletExport
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime

/// Measures how long each kind of layer of a network takes on this processor, at every level and precision, as the
/// runtime runs it inside the network: same kernel, same fused operations, same neighbours in the caches.
///
/// The network is run under each uniform plan in turn, round by round, so that what else the machine does meets all of
/// them alike; the best time of each node counts. The norm that writes a layer's input is counted with the layer, and so
/// is the attention that reads its output, for their formats follow the layer's. What is left of a whole run is the fixed
/// part.
public struct CPUCalibration: Sendable {
  public var levels: [SparsityPattern]
  public var precisions: [Precision]
  public var threads, batch: Int
  /// Times that each plan is run.
  public var rounds: Int

  public init(
    levels: [SparsityPattern], precisions: [Precision], threads: Int = 1, batch: Int = 1, rounds: Int = 20
  ) {
    precondition(rounds > 0 && threads > 0 && batch > 0, "CPUCalibration: nothing to measure")
    (self.levels, self.precisions, self.rounds) = (levels, precisions, rounds)
    (self.threads, self.batch) = (threads, batch)
  }

  /// - Parameters:
  ///   - network: with any weights; times do not depend on them.
  ///   - name: the network in words, which the fixed part belongs to.
  ///   - processor: the machine in words.
  public func measure(
    _ network: PlannedNetwork, of work: MultiplyAdds, named name: String, on processor: String,
    progress: (_ round: Int, _ rounds: Int) -> Void = { _, _ in }
  ) throws -> MeasuredTimes {
    // Shares are of the dense network in fp32, so it is always among them.
    var choices = [LayerChoice(pattern: .dense)]
    for precision in precisions {
      for level in levels {
        let choice = LayerChoice(pattern: level.isDense ? .dense : level, precision: precision)
        if !choices.contains(choice) { choices.append(choice) }
      }
    }
    let paths = work.slots.map(\.path)
    var runs = try choices.map { choice in
      let plan = CompressionPlan.uniform(choice, layers: paths)
      return try TimedPlan(Session(network.modelFile(for: plan), threads: threads), batch: batch, layers: paths)
    }
    for round in 0..<rounds {
      for index in runs.indices { try runs[index].run() }
      progress(round + 1, rounds)
    }

    let kinds = Dictionary(grouping: work.slots) { [$0.role, "\($0.positions)", "\($0.inputs)", "\($0.outputs)"] }
    var layers: [MeasuredTimes.Layer] = []
    for slot in work.slots {
      guard let alike = kinds[[slot.role, "\(slot.positions)", "\(slot.inputs)", "\(slot.outputs)"]],
        alike[0].path == slot.path
      else { continue }
      for (choice, run) in zip(choices, runs) {
        let mean = alike.reduce(0.0) { $0 + run.milliseconds(of: $1.path) } / Double(alike.count)
        layers.append(
          MeasuredTimes.Layer(
            name: slot.role, tokens: slot.positions, inputs: slot.inputs, outputs: slot.outputs, choice: choice,
            kernel: run.kernel(of: slot.path), nanoseconds: Int((mean * 1e6).rounded())))
      }
    }
    let rests = runs.map { run in run.best - paths.reduce(0) { $0 + run.milliseconds(of: $1) } }
    let fixed = max(0, rests.reduce(0, +) / Double(rests.count))
    return MeasuredTimes(
      processor: processor, threads: threads, batch: batch, network: name, fixed: Int((fixed * 1e6).rounded()),
      layers: layers)
  }

  /// The best time of whole runs under each of some plans, in milliseconds, measured in turn.
  public func milliseconds(of plans: [CompressionPlan], _ network: PlannedNetwork) throws -> [Double] {
    var runs = try plans.map { plan in
      try TimedPlan(Session(network.modelFile(for: plan), threads: threads), batch: batch, layers: [])
    }
    for _ in 0..<rounds { for index in runs.indices { try runs[index].run() } }
    return runs.map(\.best)
  }
}

/// A network under one plan, and the best times that were seen.
private struct TimedPlan {
  private let session: Session
  private let inputs: [NDArray]
  /// The nodes that each layer answers for, by their places in the graph.
  private let owned: [String: [Int]]
  private let weights: [String: String]
  private var nodes: [Double]
  /// Of a whole run, input in and output out.
  private(set) var best = Double.infinity

  init(_ session: Session, batch: Int, layers: [String]) throws {
    self.session = session
    inputs = try session.randomInputs(batch: batch)
    let graph = session.model.graph
    nodes = Array(repeating: .infinity, count: graph.nodes.count)
    (owned, weights) = graph.owners(among: layers)
  }

  mutating func run() throws {
    let clock = ContinuousClock()
    if !owned.isEmpty {
      let profile = try session.profile(inputs, runs: 1)
      for (place, entry) in profile.entries.enumerated() { nodes[place] = min(nodes[place], entry.bestMilliseconds) }
    } else {
      _ = try session.run(inputs)
    }
    let start = clock.now
    _ = try session.run(inputs)
    best = min(best, (clock.now - start).milliseconds)
  }

  func milliseconds(of layer: String) -> Double { (owned[layer] ?? []).reduce(0) { $0 + nodes[$1] } }

  func kernel(of layer: String) -> String { weights[layer].flatMap { session.kernelNames[$0] } ?? "" }
}

extension Graph {
  /// The nodes that each layer answers for, by their places, and the layer's weight: the layer itself, the norm or
  /// conversion that writes its input in its format, and the attention that reads its output in its format.
  fileprivate func owners(among layers: [String]) -> (nodes: [String: [Int]], weights: [String: String]) {
    let paths = Dictionary(layers.map { ("\($0).weight", $0) }, uniquingKeysWith: { first, _ in first })
    let producers = Dictionary(nodes.enumerated().map { ($1.output, $0) }, uniquingKeysWith: { first, _ in first })
    var (owned, weights) = ([String: [Int]](), [String: String]())
    var owner: [Int: String] = [:]
    func own(_ place: Int, _ path: String) {
      guard owner[place] == nil else { return }
      owner[place] = path
      owned[path, default: []].append(place)
    }
    for (place, node) in nodes.enumerated() {
      if let weight = node.operation.weight {
        guard let path = paths[weight] else { continue }
        weights[path] = weight
        own(place, path)
        var input = node.inputs.first.flatMap { producers[$0] }
        while let producer = input {
          input = nil
          if nodes[producer].operation == .convert {
            own(producer, path)
            input = nodes[producer].inputs.first.flatMap { producers[$0] }
          } else if nodes[producer].operation.is(Graph.LayerNorm.self) {
            own(producer, path)
          }
        }
      } else if node.operation.is(Graph.Attention.self) {
        // Back over what only moves elements to the layer that computes queries, keys and values.
        var input = node.inputs.first.flatMap { producers[$0] }
        while let producer = input {
          if let path = owner[producer] {
            own(place, path)
            break
          }
          input = nodes[producer].inputs.count == 1 ? producers[nodes[producer].inputs[0]] : nil
        }
      }
    }
    return (owned, weights)
  }
}
