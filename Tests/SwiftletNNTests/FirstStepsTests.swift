import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

/// A tour: make a small network, look inside, train it, change a layer, copy it.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct FirstStepsTests {
  @Test func `a small network learns random labels by heart`() throws {
    let generator = Generator(seed: 1)
    let images = Tensor.normal([16, 3, 8, 8], using: generator)
    let labels = Tensor((0..<16).map { Int64($0 % 4) }, shape: [16])

    let model = Classifier(patchSize: 4, width: 16, heads: 2, classes: 4, using: generator)
    #expect(model.namedParameters().map(\.path).contains("block.attn.qkv.weight"))

    model.train(using: generator)
    var losses: [Double] = []
    for _ in 0..<40 {
      let loss = model(images).crossEntropy(labels)
      loss.backward()
      losses.append(loss.item())
      withNoGradient {
        for parameter in model.parameters() {
          if let gradient = parameter.gradient { parameter.addInPlace(gradient, scale: -0.3) }
          parameter.gradient = nil
        }
      }
    }
    #expect(losses[39] < losses[0] / 3, "losses \(losses)")

    model.evaluate()
    var confusion = ConfusionMatrix(classes: model(images).shape[1])
    confusion.add(scores: model(images), labels: labels)
    #expect(try #require(confusion.accuracy) > 0.8)

    let teacher = model.copy()
    try model.replaceLayer(at: "block.mlp.fc1", with: Linear(inputs: 16, outputs: 32, using: generator))
    #expect(distance(teacher(images), model(images)) > 0.001)
  }
}

/// Patches, one transformer block, the mean of all tokens, a linear head.
private final class Classifier: Layer {
  @Child var patchEmbedding: PatchEmbedding
  @Child var block: TransformerBlock
  @Child var head: any Layer

  init(patchEmbedding: PatchEmbedding, block: TransformerBlock, head: any Layer) {
    self.patchEmbedding = patchEmbedding
    self.block = block
    self.head = head
  }

  convenience init(patchSize: Int, width: Int, heads: Int, classes: Int, using generator: Generator) {
    self.init(
      patchEmbedding: PatchEmbedding(patchSize: patchSize, channels: 3, width: width, using: generator),
      block: TransformerBlock(width: width, heads: heads, hidden: 2 * width, dropPath: 0.1, using: generator),
      head: Linear(inputs: width, outputs: classes, using: generator))
  }

  func callAsFunction(_ images: Tensor) -> Tensor { head(block(patchEmbedding(images)).mean(along: [1])) }

  func shallowCopy() -> Classifier { Classifier(patchEmbedding: patchEmbedding, block: block, head: head) }
}
