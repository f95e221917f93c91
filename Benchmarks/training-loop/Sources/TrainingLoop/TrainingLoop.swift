import ArgumentParser
import Foundation
import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// The Swiftlet side of the training-loop benchmark: DeiT-S at 224 px, forward + backward + clip + AdamW (fused).
///
/// One JSON object: the milliseconds of every timed step. Run both sides with ./compare.
@main
struct TrainingLoop: ParsableCommand {
  @Option var batch = 8
  @Option var steps = 5
  @Option var threads = 2
  @Option var precision = Precision.fp32

  enum Precision: String, ExpressibleByArgument { case fp32, bf16 }

  struct Report: Encodable {
    let side: String
    let milliseconds: [Double]
    let loss: Double
  }

  func run() throws {
    Torch.setThreads(threads)
    let generator = Generator(seed: 0)
    let model = try VisionTransformer(.small, using: generator)
    model.train(using: generator)
    let parameters = model.namedParameters().map { (name: $0.path, tensor: $0.tensor) }
    let optimizer = AdamW(ParameterGroup.decaying(parameters, weightDecay: 0.05))
    let images = Tensor.normal([batch, 3, 224, 224], using: generator)
    let labels = Tensor((0..<batch).map { Int64($0 * 37 % 1000) }, shape: [batch])

    func step() -> Double {
      let forward = { model(images).cast(to: .float32).crossEntropy(labels, labelSmoothing: 0.1) }
      let loss = precision == .bf16 ? withAutocast(.bfloat16, forward) : forward()
      optimizer.clearGradients()
      loss.backward()
      optimizer.clipGradients(toNorm: 1)
      optimizer.step(learningRate: 1e-4)
      return loss.item()
    }

    _ = step()
    var (times, loss) = ([Double](), 0.0)
    for _ in 0..<steps {
      let clock = ContinuousClock()
      let elapsed = clock.measure { loss = step() }
      times.append(1e3 * Double(elapsed.components.seconds) + 1e-15 * Double(elapsed.components.attoseconds))
    }
    let report = Report(side: "swiftlet (libtorch \(Torch.version))", milliseconds: times, loss: loss)
    print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
  }
}
