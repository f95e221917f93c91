import SwiftletBenchmarkKit
import SwiftletModels
import SwiftletTensor

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
}
