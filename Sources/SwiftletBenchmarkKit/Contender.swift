import Foundation
import SwiftletExport
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor

/// One side of a comparison: a model file in our runtime, or a network in libtorch.
struct Contender {
  enum Engine {
    case runtime(ModelFile)
    case torch(any ImageClassifier)
  }

  let name: String
  let engine: Engine

  /// The work of one batch, ready to be timed: input in, scores out.
  func work(batch: Int, threads: Int) throws -> () throws -> [Float] {
    switch engine {
    case .runtime(let file):
      let session = try Session(file, threads: threads)
      let inputs = try session.randomInputs(batch: batch)
      return { try session.run(inputs)[0].floats }
    case .torch(let network):
      Torch.setThreads(threads)
      let images = Tensor.uniform([batch] + network.inputShape, in: -1..<1, using: Generator(seed: 1))
      return {
        Torch.setThreads(threads)
        return withNoGradient { network(images) }.scalars(as: Float.self)
      }
    }
  }
}

/// The times of one contender at one batch size and number of threads, for one image.
struct ContenderTiming: Codable {
  let name: String
  let batch, threads: Int
  let isa: String
  let bestMilliseconds, medianMilliseconds: Double

  enum CodingKeys: String, CodingKey {
    case name, batch, threads, isa
    case bestMilliseconds = "best_ms"
    case medianMilliseconds = "median_ms"
  }
}

extension [Contender] {
  /// Times all of them in turn.
  func measure(batch: Int, threads: Int, runs: Int) throws -> [ContenderTiming] {
    let work = try map { try $0.work(batch: batch, threads: threads) }
    let repeats = 3
    let times = try InterleavedTiming.measure(
      rounds: (runs + repeats - 1) / repeats, repeats: repeats, work.map { run in { _ = try run() } })
    return zip(self, times).map { contender, time in
      ContenderTiming(
        name: contender.name, batch: batch, threads: threads, isa: contender.isa,
        bestMilliseconds: time.best / Double(batch), medianMilliseconds: time.median / Double(batch))
    }
  }
}

extension Contender {
  fileprivate var isa: String {
    switch engine {
    case .runtime: InstructionSet.best.rawValue
    case .torch: "libtorch \(Torch.cpuCapability)"
    }
  }
}
