import SwiftletBenchmarkKit
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining

extension Contender {
  /// A network in libtorch, on random images.
  public init(name: String, torch network: any ImageClassifier) {
    self.init(name: name, instructionSet: "libtorch \(Torch.cpuCapability)") { batch, threads in
      Torch.setThreads(threads)
      let images = Tensor.uniform([batch] + network.inputShape, in: -1..<1, using: Generator(seed: 1))
      return {
        Torch.setThreads(threads)
        return withNoGradient { network(images) }.scalars(as: Float.self)
      }
    }
  }

  /// The dense network that a model file was made from, in libtorch with random weights.
  ///
  /// - Throws: ``BenchError`` if the file does not say what it was made from, or libtorch is not there.
  public init(torchOf file: ModelFile) throws {
    guard let text = file.graph.metadata.notes[ModelNotes.recipe] else {
      throw BenchError("\(file.path) does not say which network it was made from, so libtorch has nothing to run")
    }
    let configuration = try Recipe.parse(text, source: file.path).model.configuration
    self.init(name: "libtorch fp32 dense", torch: try configuration.randomNetwork())
  }
}

extension ClassifierConfiguration {
  /// A network with random weights, for timing.
  ///
  /// - Throws: ``BenchError`` where libtorch is not there.
  public func randomNetwork() throws -> any ImageClassifier {
    if let problem = Torch.problem { throw BenchError(problem) }
    let network = try network(using: Generator(seed: 1))
    network.evaluate()
    return network
  }
}

/// Why nothing can be measured.
public struct BenchError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
