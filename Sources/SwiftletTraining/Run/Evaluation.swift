import SwiftletData
import SwiftletNN
import SwiftletTensor
import SwiftletVision

/// How well a classifier does on a data set, or under a plan on held-out images.
public struct Evaluation: Codable, Hashable, Sendable {
  public let images, correct: Int
  /// The mean cross-entropy in nats.
  public let loss: Double

  /// The share of right answers, 0...1.
  public var accuracy: Double { images == 0 ? 0 : Double(correct) / Double(images) }

  public init(images: Int, correct: Int, loss: Double) {
    (self.images, self.correct, self.loss) = (images, correct, loss)
  }

  public init(_ tally: ClassificationTally) {
    self.init(images: tally.count, correct: tally.correct(), loss: tally.loss)
  }

  /// Evaluates `model` in inference mode on one pass over `loader`, on the device, where the scores stay.
  public init(of model: any Layer, on loader: ImageLoader, device: Device = .cpu) throws {
    model.evaluate()
    var (images, correct, loss) = (0, 0, 0.0)
    try advising("lower training.batchSize, which evaluation follows", while: "evaluating") {
      try Self.add(model, loader, device, &images, &correct, &loss)
    }
    self.init(images: images, correct: correct, loss: images == 0 ? .nan : loss / Double(images))
  }

  private static func add(
    _ model: any Layer, _ loader: ImageLoader, _ device: Device, _ images: inout Int, _ correct: inout Int,
    _ loss: inout Double
  ) throws {
    try withNoGradient {
      let batches = loader.epoch(0)
      while let batch = try batches.next() {
        let labels = batch.labels.to(device: device)
        let scores = model(batch.images.to(device: device)).cast(to: .float32)
        let count = labels.count
        loss += scores.crossEntropy(labels).item() * Double(count)
        correct += Int(scores.winners().equal(to: labels).sum().item())
        images += count
      }
    }
  }
}
